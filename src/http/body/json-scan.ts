import { UnrollError } from '../../errors.ts';

// Estimates the cost of parsing a JSON text from its bytes. JSON.parse cannot be interrupted, so a text that
// would take long is refused before it is parsed. Numbers are cheap; texts, lists and especially fields of
// objects are not.

/** Nested lists and objects. No request needs more than ten levels. */
const maxDepth = 64;
/** Weighted values: JSON.parse takes about 25 ms for this weight, whatever the values are. */
const maxWeight = 1_000_000;
/** Time that JSON.parse and the validation after it take, relative to a number. */
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
  /** Scans the next `count` bytes. @returns false at the end */
  read(count: number): boolean;
  /** @throws UnrollError body_too_complex */
  check(): void;
  /** Whether a field may be called `__proto__` or `constructor`; any field with an escape may. */
  readonly suspicious: boolean;
}

/** Scans any bytes; JSON.parse decides whether they are valid JSON. */
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
          `body: at most ${maxDepth} levels of nested lists and objects, was ${deepest}`,
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
