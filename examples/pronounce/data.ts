import { dictionary } from 'cmu-pronouncing-dictionary';
import { hash } from '../hash.ts';

// The CMU Pronouncing Dictionary (BSD licence; npm cmu-pronouncing-dictionary): words of letters and
// apostrophes, phonemes without stress, as the papers on the task have it. A word's hash says where it
// belongs: 10 % are held out, 5 % measure while it learns. All variants of a word are on one side. Published
// splits hold out about 12,000 of some 125,000 words, too.

export interface Word {
  readonly word: string;
  /** Each a list of phonemes; any of them counts as right. */
  readonly variants: readonly (readonly string[])[];
}

export interface Dictionary {
  readonly training: readonly Word[];
  readonly validation: readonly Word[];
  readonly heldOut: readonly Word[];
}

export function readDictionary(): Dictionary {
  const words = new Map<string, string[][]>();
  for (const [entry, pronunciation] of Object.entries(dictionary)) {
    const word = entry.replace(/\(\d+\)$/, '');
    if (!/^[a-z']*[a-z][a-z']*$/.test(word)) continue;
    const phonemes = pronunciation.replace(/\d/g, '').split(' ');
    const variants = words.get(word) ?? [];
    if (!variants.some((one) => one.join(' ') === phonemes.join(' '))) variants.push(phonemes);
    words.set(word, variants);
  }
  const all = [...words].map(([word, variants]) => ({ word, variants, part: hash(word) % 100 }));
  return {
    training: all.filter(({ part }) => part >= 15),
    validation: all.filter(({ part }) => part >= 10 && part < 15),
    heldOut: all.filter(({ part }) => part < 10),
  };
}

/** One record a variant. */
export const recordsOf = (words: readonly Word[]): { source: string; target: readonly string[] }[] =>
  words.flatMap(({ word, variants }) => variants.map((target) => ({ source: word, target })));
