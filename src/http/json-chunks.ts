// JSON of any size in pieces, the same text as JSON.stringify gives. What is small is left to JSON.stringify whole; only what
// is large is opened up.

/** Weight of a piece: about its bytes, so that a piece takes JSON.stringify less than a millisecond. */
const pieceWeight = 16_384;
/** Weight of a number, a truth, null; a list or an object; of a text besides its characters. */
const valueWeight = 12;

/** @param value plain data: no toJSON, no cycles */
export function* jsonChunks(value: unknown): Generator<string> {
  if (weightOf(value, pieceWeight) <= pieceWeight || typeof value !== 'object' || value === null)
    yield JSON.stringify(value);
  else if (Array.isArray(value)) yield* listChunks(value);
  else yield* objectChunks(value);
}

function* listChunks(list: readonly unknown[]): Generator<string> {
  let open = '[';
  for (let at = 0; at < list.length;) {
    let end = at;
    let weight = 0;
    while (end < list.length && weight <= pieceWeight) weight += weightOf(list[end++], pieceWeight);
    // the last one made it too much; alone it is opened up
    if (weight > pieceWeight && end - at > 1) end--;
    if (end - at === 1) {
      yield open;
      yield* jsonChunks(list[at]);
    } else yield open + JSON.stringify(list.slice(at, end)).slice(1, -1);
    open = ',';
    at = end;
  }
  yield open === '[' ? '[]' : ']';
}

function* objectChunks(object: object): Generator<string> {
  let open = '{';
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    yield `${open}${JSON.stringify(key)}:`;
    yield* jsonChunks(value);
    open = ',';
  }
  yield open === '{' ? '{}' : '}';
}

/** About the bytes of a value's JSON; stops counting past `most`. */
function weightOf(value: unknown, most: number): number {
  if (typeof value === 'string') return valueWeight + value.length;
  if (typeof value !== 'object' || value === null) return valueWeight;
  let weight = valueWeight;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && weight <= most; i++) weight += weightOf(value[i], most - weight);
    return weight;
  }
  for (const key in value) {
    if (weight > most) break;
    weight += key.length + weightOf((value as Record<string, unknown>)[key], most - weight);
  }
  return weight;
}
