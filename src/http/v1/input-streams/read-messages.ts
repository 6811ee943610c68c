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
  /** Of the last message. */
  let rest: StreamInput[] = [];

  function open({ data, isBinary }: Message): StreamInput[] {
    const place: Place = { unit: 'message', number: ++number };
    if (!isBinary) return [{ kind: 'json', bytes: data, ...place }];
    try {
      frames ??= createFrames();
      checkLength(data.length, frames, samples);
    } catch (error) {
      throw new InputError(error, place);
    }
    return Array.from(frames.push(data), (frame) => ({ ...frame, ...place }));
  }
  return {
    take() {
      while (rest.length === 0) {
        const message = queue.take();
        if (message === null) return null;
        rest = open(message);
      }
      return rest.shift()!;
    },
    get ended() {
      return rest.length === 0 && queue.ended;
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
