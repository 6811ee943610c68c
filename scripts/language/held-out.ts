import type { Vocabulary } from '../../src/vocabulary/vocabulary.ts';
import type { Declaration } from './declarations.ts';
import { everydaySentences } from './everyday-sentences.ts';
import type { ServedNetwork } from './served-network.ts';

/** Sentences of the articles kept from training, at least ten characters long, cut to at most `characters`. */
function sentences({ heldOut }: Declaration, characters: number): string[] {
  return heldOut
    .flatMap((paragraph) => paragraph.split(/(?<=[.!?;:።։।؟])\s+|(?<=[。;;])/u))
    .map((sentence) => Array.from(sentence.trim()))
    .filter((sentence) => sentence.length >= 10)
    .map((sentence) => sentence.slice(0, characters).join(''));
}

export interface Accuracy {
  readonly sentences: number;
  readonly correct: number;
  /** Mean over the languages, so that one that writes short sentences counts no more than another. */
  readonly meanOfLanguages: number;
  /** Labels below 0.9 with their accuracy. */
  readonly weakest: Readonly<Record<string, number>>;
}

export function heldOutAccuracy(
  network: ServedNetwork,
  declarations: readonly Declaration[],
  vocabulary: Vocabulary,
  characters: number,
): Accuracy {
  const shares = declarations.map((declaration, label) => {
    const inputs = sentences(declaration, characters).map((sentence) => vocabulary.encode(sentence).ids);
    const right = network.last(inputs).filter((output) => argmax(output) === label).length;
    return { label: declaration.label, right, count: inputs.length };
  });
  const total = (key: 'right' | 'count'): number => shares.reduce((sum, share) => sum + share[key], 0);
  const weak = shares.filter(({ right, count }) => right < 0.9 * count);
  return {
    sentences: total('count'),
    correct: round(total('right') / total('count')),
    meanOfLanguages: round(shares.reduce((sum, { right, count }) => sum + right / count, 0) / shares.length),
    weakest: Object.fromEntries(weak.map(({ label, right, count }) => [label, round(right / count)])),
  };
}

/** @returns the share that is right, and what was taken for what */
export function everydayAccuracy(
  network: ServedNetwork,
  declarations: readonly Declaration[],
  vocabulary: Vocabulary,
): { sentences: number; correct: number; mistakes: string[] } {
  const outputs = network.last(everydaySentences.map(([, sentence]) => vocabulary.encode(sentence).ids));
  const mistakes = everydaySentences.flatMap(([label, sentence], k) => {
    const guess = declarations[argmax(outputs[k]!)]!.label;
    return guess === label ? [] : [`${label} taken for ${guess}: ${sentence}`];
  });
  const sentences = everydaySentences.length;
  return { sentences, correct: round(1 - mistakes.length / sentences), mistakes };
}

const argmax = (values: Float32Array): number => values.indexOf(Math.max(...values));
const round = (value: number): number => Math.round(value * 1e4) / 1e4;
