import { round, type Trained } from '../example.ts';
import type { Declaration } from './declarations.ts';
import { everydaySentences } from './everyday-sentences.ts';

interface Reply {
  readonly predictions: readonly { readonly label: string }[];
}

/**
 * Sentences of the articles kept from training, at least ten characters long, cut to at most `characters`.
 */
export function heldOutSentences({ heldOut }: Declaration, characters: number): string[] {
  return heldOut
    .flatMap((paragraph) => paragraph.split(/(?<=[.!?;:።։।؟])\s+|(?<=[。;;])/u))
    .map((sentence) => Array.from(sentence.trim()))
    .filter((sentence) => sentence.length >= 10)
    .map((sentence) => sentence.slice(0, characters).join(''));
}

/** The language of every sentence, as the server tells it. */
async function guess(server: Pick<Trained, 'post'>, sentences: readonly string[]): Promise<string[]> {
  const guesses: string[] = [];
  for (let at = 0; at < sentences.length; at += 200) {
    const input = sentences.slice(at, at + 200);
    const { predictions } = await server.post<Reply>('/v1/models/language/classify', { input, top_k: 1 });
    guesses.push(...predictions.map(({ label }) => label));
  }
  return guesses;
}

export interface Accuracy {
  readonly sentences: number;
  readonly correct: number;
  /** Mean over the languages, so that one that writes short sentences counts no more than another. */
  readonly meanOfLanguages: number;
  /** Labels below 0.9 with their accuracy. */
  readonly weakest: Readonly<Record<string, number>>;
}

export async function heldOutAccuracy(
  server: Pick<Trained, 'post'>,
  declarations: readonly Declaration[],
  characters: number,
): Promise<Accuracy> {
  const shares: { label: string; right: number; count: number }[] = [];
  for (const declaration of declarations) {
    const sentences = heldOutSentences(declaration, characters);
    const guesses = await guess(server, sentences);
    const right = guesses.filter((label) => label === declaration.label).length;
    shares.push({ label: declaration.label, right, count: sentences.length });
  }
  const total = (key: 'right' | 'count'): number => shares.reduce((sum, share) => sum + share[key], 0);
  const weak = shares.filter(({ right, count }) => right < 0.9 * count);
  return {
    sentences: total('count'),
    correct: round(total('right') / total('count')),
    meanOfLanguages: round(shares.reduce((sum, { right, count }) => sum + right / count, 0) / shares.length),
    weakest: Object.fromEntries(weak.map(({ label, right, count }) => [label, round(right / count)])),
  };
}

/** @returns the accuracy, and the misclassified sentences */
export async function everydayAccuracy(
  server: Pick<Trained, 'post'>,
): Promise<{ sentences: number; correct: number; mistakes: string[] }> {
  const guesses = await guess(
    server,
    everydaySentences.map(([, sentence]) => sentence),
  );
  const mistakes = everydaySentences.flatMap(([label, sentence], k) =>
    guesses[k] === label ? [] : [`${label} taken for ${guesses[k]}: ${sentence}`],
  );
  const sentences = everydaySentences.length;
  return { sentences, correct: round(1 - mistakes.length / sentences), mistakes };
}
