import { UnrollError } from '../../../errors.ts';
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
 * @param frames created for the first binary message
 * @param samples values of each binary message, which are joined to frames; undefined: it has whole frames
 */
export async function* readMessages(
  queue: Pick<InputQueue<Message>, 'next'>,
  createFrames: () => FrameSplitter,
  samples: number | undefined,
): AsyncGenerator<StreamInput> {
  let frames: FrameSplitter | null = null;
  for (let number = 1; ; number++) {
    const message = await queue.next();
    if (message === null) return;
    const place: Place = { unit: 'message', number };
    const { data, isBinary } = message;
    if (!isBinary) yield { kind: 'json', bytes: data, ...place };
    else {
      try {
        frames ??= createFrames();
        checkLength(data.length, frames, samples);
      } catch (error) {
        throw new InputError(error, place);
      }
      for (const frame of frames.push(data)) yield { ...frame, ...place };
    }
  }
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
