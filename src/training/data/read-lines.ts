import { createReadStream } from 'node:fs';
import { UnrollError } from '../../errors.ts';

/** Longer lines are rejected before they are buffered. */
export const maxLineBytes = 1024 * 1024;

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * Yields the lines of a UTF-8 file without line ends and byte-order mark.
 * @throws UnrollError invalid_dataset with the line's number, for a line that is too long or not UTF-8
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let buffered: Buffer[] = [];
  let bufferedBytes = 0;
  let number = 0;
  const finishLine = (end: Buffer): Line => {
    const bytes = buffered.length > 0 ? Buffer.concat([...buffered, end]) : end;
    buffered = [];
    bufferedBytes = 0;
    number++;
    return { number, text: decode(bytes, number) };
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(10, from);
      const bytes = bufferedBytes + (end < 0 ? chunk.length : end) - from;
      if (bytes > maxLineBytes)
        throw new UnrollError('invalid_dataset', `line ${number + 1}: is longer than ${maxLineBytes} bytes`);
      if (end < 0) break;
      yield finishLine(chunk.subarray(from, end));
      from = end + 1;
    }
    buffered.push(chunk.subarray(from));
    bufferedBytes += chunk.length - from;
  }
  if (bufferedBytes > 0) yield finishLine(Buffer.alloc(0));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Buffer, number: number): string {
  try {
    const text = utf8.decode(bytes).replace(/\r$/, '');
    return number === 1 ? text.replace(/^\ufeff/, '') : text;
  } catch (error) {
    throw new UnrollError('invalid_dataset', `line ${number}: is not UTF-8`, { cause: error });
  }
}
