import type { Rng } from '../../src/random.ts';
import type { Declaration } from './declarations.ts';

// What the model learns from: a few random characters of a declaration.

export const cropLimits = { shortest: 3, longest: 100 } as const;
/** Share of characters replaced by one outside every vocabulary. */
const blotted = 0.02;
export const unknownCharacter = '\u{fffd}';

interface Source {
  readonly label: string;
  /** Every paragraph, as it is and without punctuation. */
  readonly whole: readonly string[];
  readonly bare: readonly string[];
}

const sourceOf = ({ label, train }: Declaration): Source => {
  const text = `${train.join(' ')} `;
  return { label, whole: [...text], bare: [...text.replace(/[\p{P}\p{S}]+/gu, '').replace(/ +/g, ' ')] };
};

/** So many crops, more short ones than long ones, each language as often as another. */
export function cropRecords(
  declarations: readonly Declaration[],
  count: number,
  random: Rng,
): { text: string; label: string }[] {
  const sources = declarations.map(sourceOf);
  const { shortest, longest } = cropLimits;
  return Array.from({ length: count }, () => {
    const steps = Math.floor(shortest + (longest - shortest) * random.next() ** 1.5);
    const { label, whole, bare } = sources[Math.floor(random.next() * sources.length)]!;
    const characters = drawCrop(random.next() < 0.3 ? bare : whole, steps, random);
    const text = characters
      .map((character) => (random.next() < blotted ? unknownCharacter : character))
      .join('');
    return { text, label };
  });
}

/** From a random place on: as the text goes, or single words from anywhere in it. */
function drawCrop(text: readonly string[], steps: number, random: Rng): string[] {
  const place = (): number => Math.floor(random.next() * (text.length - steps));
  const wordStart = (at: number): number => {
    let start = at;
    while (start > 0 && at - start < 20 && text[start - 1] !== ' ') start--;
    return start;
  };
  if (random.next() < 0.6) {
    // most crops begin with a word
    const at = random.next() < 0.8 ? wordStart(place()) : place();
    return text.slice(at, at + steps);
  }
  const words: string[] = [];
  while (words.length < steps) {
    let at = wordStart(place());
    for (const start = at; at < text.length && at - start < 20 && text[at] !== ' '; at++)
      words.push(text[at]!);
    if (text[at] === ' ') words.push(' ');
  }
  return words.slice(0, steps);
}
