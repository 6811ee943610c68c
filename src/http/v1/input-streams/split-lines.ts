import { inputTooLarge, maxInputBytes, type Place, type StreamInput } from './stream-input.ts';

const newline = 0x0a;
const blank = /^\s*$/;

/** Splits bytes into lines; blank ones are counted and skipped. @throws InputError body_too_large */
export function createLineSplitter(): {
  push(chunk: Buffer): Generator<StreamInput>;
  /** The last line, where it has no line break. */
  end(): Generator<StreamInput>;
} {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 1;
  const place = (): Place => ({ unit: 'line', number });
  const keep = (part: Buffer): void => {
    length += part.length;
    if (length > maxInputBytes) throw inputTooLarge(place());
    if (part.length > 0) parts.push(part);
  };
  function* take(): Generator<StreamInput> {
    const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    parts = [];
    length = 0;
    if (!isBlank(bytes)) yield { kind: 'json', bytes, ...place() };
    number++;
  }
  return {
    *push(chunk) {
      let from = 0;
      for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
        keep(chunk.subarray(from, to));
        yield* take();
        from = to + 1;
      }
      keep(chunk.subarray(from));
    },
    *end() {
      if (length > 0) yield* take();
    },
  };
}

const isBlank = (bytes: Buffer): boolean => bytes.length < 16 && blank.test(bytes.toString('latin1'));
