import { UnrollError } from '../../../errors.ts';
import type { ArrivingInputs } from './answer-inputs.ts';
import type { InputQueue } from './input-queue.ts';
import type { FrameSplitter } from './split-frames.ts';
import { InputError, type Place, type StreamInput } from './stream-input.ts';

/** A message of a WebSocket. */
export interface Message {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/**
 * The inputs of messages: text is JSON, bytes are frames.
 * @param createFrames called for the first binary message
 * @param samples values of each binary message, which are joined to frames; undefined: it has whole frames
 */
export function readMessages(
  queue: Pick<InputQueue<Message>, 'take' | 'ended' | 'listen'>,
  createFrames: () => FrameSplitter,
  samples: number | undefined,
): ArrivingInputs {
  let frames: FrameSplitter | null = null;
  let number = 0;
  /** The next input, and the frames of its message after it; null once there is none, since a stream keeps no message. */
  let next: StreamInput | null = null;
  let rest: Iterator<StreamInput> | null = null;

  function takeFrame(): void {
    const frame = rest!.next();
    if (frame.done) rest = next = null;
    else next = { ...frame.value, unit: 'message', number };
  }
  function open({ data, isBinary }: Message): void {
    const place: Place = { unit: 'message', number: ++number };
    if (!isBinary) {
      next = { kind: 'json', bytes: data, ...place };
      return;
    }
    try {
      frames ??= createFrames();
      checkLength(data.length, frames, samples);
    } catch (error) {
      throw new InputError(error, place);
    }
    rest = frames.push(data);
    takeFrame();
  }
  return {
    take() {
      while (next === null) {
        const message = queue.take();
        if (message === null) return null;
        open(message);
      }
      const input = next;
      next = null;
      if (rest) takeFrame();
      return input;
    },
    get ended() {
      return next === null && queue.ended;
    },
    listen: (ready) => queue.listen(ready),
  };
}

/** @throws UnrollError input_mismatch */
function checkLength(
  length: number,
  { frameBytes, valueBytes }: Pick<FrameSplitter, 'frameBytes' | 'valueBytes'>,
  samples: number | undefined,
): void {
  const expected = samples === undefined ? frameBytes : samples * valueBytes;
  if (samples === undefined ? length > 0 && length % expected === 0 : length === expected) return;
  throw new UnrollError(
    'input_mismatch',
    samples === undefined
      ? `a binary message must have frames of ${expected} bytes, had ${length} bytes; for messages of another length see samples`
      : `a binary message must have ${samples} samples of ${valueBytes} bytes, had ${length} bytes`,
  );
}
