import { createReadStream } from 'node:fs';
import { UnrollError } from '../../errors.ts';

/** Longer lines are refused before they are held. */
export const maxLineBytes = 1024 * 1024;

export interface Line {
  /** From 1 on. */
  readonly number: number;
  readonly text: string;
}

/**
 * The lines of a UTF-8 file, without their ends. A byte-order mark is passed over.
 * @throws UnrollError invalid_dataset for a line that is too long or not UTF-8, with its number
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let number = 0;
  const take = (end: Buffer): Line => {
    const bytes = held.length > 0 ? Buffer.concat([...held, end]) : end;
    held = [];
    heldBytes = 0;
    number++;
    return { number, text: decode(bytes, number) };
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(10, from);
      const bytes = heldBytes + (end < 0 ? chunk.length : end) - from;
      if (bytes > maxLineBytes)
        throw new UnrollError(
          'invalid_dataset',
          `line ${number + 1}: at most ${maxLineBytes} bytes, there are more`,
        );
      if (end < 0) break;
      yield take(chunk.subarray(from, end));
      from = end + 1;
    }
    held.push(chunk.subarray(from));
    heldBytes += chunk.length - from;
  }
  if (heldBytes > 0) yield take(Buffer.alloc(0));
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
