// Incremental JSON serialisation, with the same text as JSON.stringify. Small values are serialised by
// JSON.stringify; only large arrays, objects and strings are split.

/** Maximum weight of a piece, about its bytes: JSON.stringify takes less than a millisecond for it. */
const maxPieceWeight = 16_384;
/** Weight of a number, boolean, null, array or object, and of a string in addition to its characters. */
const valueWeight = 12;

/** The JSON of a value; null where it is to be written in pieces. @param value plain data: no toJSON, no cycles */
export const toSmallJson = (value: unknown): string | null =>
  estimateWeight(value, maxPieceWeight) <= maxPieceWeight ? JSON.stringify(value) : null;

/** Yields the JSON of a value in pieces. @param value plain data: no toJSON, no cycles */
export function* jsonChunks(value: unknown): Generator<string> {
  if (typeof value === 'string' && value.length > maxPieceWeight) yield* stringChunks(value);
  else if (
    estimateWeight(value, maxPieceWeight) <= maxPieceWeight ||
    typeof value !== 'object' ||
    value === null
  )
    yield JSON.stringify(value);
  else if (Array.isArray(value)) yield* arrayChunks(value);
  else yield* objectChunks(value);
}

function* arrayChunks(array: readonly unknown[]): Generator<string> {
  let prefix = '[';
  for (let at = 0; at < array.length;) {
    let end = at;
    let weight = 0;
    while (end < array.length && weight <= maxPieceWeight)
      weight += estimateWeight(array[end++], maxPieceWeight);
    // the last item exceeds the weight; alone it is split
    if (weight > maxPieceWeight && end - at > 1) end--;
    if (end - at === 1) {
      yield prefix;
      yield* jsonChunks(array[at]);
    } else yield prefix + JSON.stringify(array.slice(at, end)).slice(1, -1);
    prefix = ',';
    at = end;
  }
  yield prefix === '[' ? '[]' : ']';
}

function* stringChunks(text: string): Generator<string> {
  let prefix = '"';
  for (let at = 0; at < text.length;) {
    let end = Math.min(text.length, at + maxPieceWeight);
    // half a character would be escaped
    while (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end++;
    yield prefix + JSON.stringify(text.slice(at, end)).slice(1, -1);
    prefix = '';
    at = end;
  }
  yield '"';
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;

function* objectChunks(object: object): Generator<string> {
  let prefix = '{';
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    yield `${prefix}${JSON.stringify(key)}:`;
    yield* jsonChunks(value);
    prefix = ',';
  }
  yield prefix === '{' ? '{}' : '}';
}

/** Estimates the bytes of a value's JSON; stops counting beyond `maxWeight`. */
function estimateWeight(value: unknown, maxWeight: number): number {
  if (typeof value === 'string') return valueWeight + value.length;
  if (typeof value !== 'object' || value === null) return valueWeight;
  let weight = valueWeight;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && weight <= maxWeight; i++)
      weight += estimateWeight(value[i], maxWeight - weight);
    return weight;
  }
  for (const key in value) {
    if (weight > maxWeight) break;
    weight += key.length + estimateWeight((value as Record<string, unknown>)[key], maxWeight - weight);
  }
  return weight;
}
