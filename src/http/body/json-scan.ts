import { UnrollError } from '../../errors.ts';

// What a JSON text will cost to parse, from its bytes alone. JSON.parse cannot be interrupted: a text that would keep it
// busy for long is refused before it is parsed. Numbers are cheap, texts, lists and above all fields of objects are not.

/** Lists and objects inside one another. Nothing the server takes has more than ten. */
const maxDepth = 64;
/** Values, weighed: JSON.parse takes about 25 ms for so many, whatever they are. */
const maxWeight = 1_000_000;
/** Microseconds that JSON.parse and the validation after it take, in units of a number's. */
const textWeight = 10;
const listWeight = 6;
const fieldWeight = 20;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const [listStart, listEnd, objectStart, objectEnd] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
const underscore = 0x5f;
const letterC = 0x63;

export interface JsonScan {
  /** Looks at the next `count` bytes. @returns false at the end */
  read(count: number): boolean;
  /** @throws UnrollError body_too_complex */
  check(): void;
  /** Whether some field may be called `__proto__` or `constructor`; fields with escapes may. */
  readonly suspicious: boolean;
}

/** Scans any bytes; whether they are JSON is for JSON.parse to say. */
export function createJsonScan(bytes: Uint8Array): JsonScan {
  let at = 0;
  let depth = 0;
  let deepest = 0;
  let weight = 1;
  let suspicious = false;
  let inText = false;
  let textStart = 0;
  let textEnd = 0;
  let escaped = false;

  const isSuspicious = (): boolean => {
    const first = bytes[textStart];
    const length = textEnd - textStart;
    return escaped || (length === 9 && first === underscore) || (length === 11 && first === letterC);
  };

  return {
    get suspicious() {
      return suspicious;
    },
    read(count) {
      const end = Math.min(bytes.length, at + count);
      while (at < end) {
        const byte = bytes[at++]!;
        if (inText) {
          if (byte === backslash) {
            escaped = true;
            at++;
          } else if (byte === quote) {
            inText = false;
            textEnd = at - 1;
          }
        } else if (byte === comma) weight++;
        else if (byte === quote) {
          inText = true;
          escaped = false;
          textStart = at;
          weight += textWeight - 1;
        } else if (byte === listStart || byte === objectStart) {
          weight += listWeight - 1;
          if (++depth > deepest) deepest = depth;
        } else if (byte === listEnd || byte === objectEnd) depth--;
        else if (byte === colon) {
          weight += fieldWeight - textWeight + 1;
          suspicious ||= isSuspicious();
        }
      }
      return at < bytes.length;
    },
    check() {
      if (deepest > maxDepth)
        throw new UnrollError(
          'body_too_complex',
          `body: at most ${maxDepth} lists and objects inside one another, was ${deepest}`,
          { field: 'body' },
        );
      if (weight > maxWeight)
        throw new UnrollError(
          'body_too_complex',
          `body: at most ${maxWeight} values, where a text counts as ${textWeight}, a list or object as ${listWeight} and the name of a field as ${fieldWeight}; was ${weight}`,
          { field: 'body' },
        );
    },
  };
}
