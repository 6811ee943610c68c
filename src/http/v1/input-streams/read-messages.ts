import { UnrollError } from '../../../errors.ts';
import type { InputQueue } from './input-queue.ts';
import type { FrameSplitter } from './split-frames.ts';
import { InputError, type Place, type StreamInput } from './stream-input.ts';

/** A message of a WebSocket. */
export interface Message {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

const end: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * The inputs of messages: text is JSON, bytes are frames. Not a generator, which takes several promises for each message.
 * @param createFrames called for the first binary message
 * @param samples values of each binary message, which are joined to frames; undefined: it has whole frames
 */
export function readMessages(
  queue: Pick<InputQueue<Message>, 'take' | 'next'>,
  createFrames: () => FrameSplitter,
  samples: number | undefined,
): AsyncIterable<StreamInput> {
  let frames: FrameSplitter | null = null;
  let number = 0;
  /** Of the message that is being read. */
  let rest: Iterator<StreamInput> | null = null;

  /** @returns null where the message has no input, or not yet */
  function takeFrame(): StreamInput | null {
    const next = rest?.next();
    if (next && !next.done) return { ...next.value, unit: 'message', number };
    rest = null;
    return null;
  }
  function open({ data, isBinary }: Message): StreamInput | null {
    const place: Place = { unit: 'message', number: ++number };
    if (!isBinary) return { kind: 'json', bytes: data, ...place };
    try {
      frames ??= createFrames();
      checkLength(data.length, frames, samples);
    } catch (error) {
      throw new InputError(error, place);
    }
    rest = frames.push(data);
    return takeFrame();
  }
  async function next(): Promise<IteratorResult<StreamInput, undefined>> {
    let input = takeFrame();
    while (input === null) {
      const message = queue.take() ?? (await queue.next());
      if (message === null) return end;
      input = open(message);
    }
    return { done: false, value: input };
  }
  return { [Symbol.asyncIterator]: () => ({ next }) };
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
