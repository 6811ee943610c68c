import { expect, test } from 'vitest';
import { heldOutAccuracy } from '../../../scripts/language/held-out.ts';
import type { ServedNetwork } from '../../../scripts/language/served-network.ts';
import { createVocabulary } from '../../../src/vocabulary/vocabulary.ts';

const tokens = ['?', ' ', '.', 'a', 'b'];
const vocabulary = createVocabulary({
  kind: 'text',
  vocabulary: 'characters',
  tokens,
  unknown: 0,
  lowercase: true,
  normalize: 'NFC',
});
const declaration = (label: string, ...heldOut: string[]) => ({ label, name: label, train: [], heldOut });

/** Says b when it has seen a b, else a; remembers how long its inputs were. */
function reader(lengths: number[] = []): ServedNetwork {
  return {
    last: (sequences) =>
      sequences.map((ids) => {
        lengths.push(ids.length);
        return Float32Array.from(ids.includes(4) ? [0.2, 0.8] : [0.7, 0.3]);
      }),
  };
}

test('sentences are split, short ones left out, long ones cut', () => {
  const lengths: number[] = [];
  const paragraph = 'aaaa aaaa aaaa. aa. aaaaaaaaaa aaaaaaaaaa aaaaaaaaaa.';
  const { sentences } = heldOutAccuracy(reader(lengths), [declaration('a', paragraph)], vocabulary, 20);
  expect(sentences).toBe(2);
  expect(lengths).toEqual([15, 20]);
});

test('accuracy counts every sentence, its mean every language the same', () => {
  const declarations = [
    declaration('a', 'aaaaa aaaaa.', 'aaaaa baaaa.', 'aaaaa aaaab.', 'aaaaa aaaaa.'),
    declaration('b', 'bbbbb bbbbb.'),
  ];
  expect(heldOutAccuracy(reader(), declarations, vocabulary, 20)).toEqual({
    sentences: 5,
    correct: 0.6,
    meanOfLanguages: 0.75,
    weakest: { a: 0.5 },
  });
});

test('what stands past the cut is not read', () => {
  const declarations = [declaration('a', 'aaaaa aaaaa aaaaa bbbbb.'), declaration('b')];
  const of = (characters: number) =>
    heldOutAccuracy(reader(), [declarations[0]!], vocabulary, characters).correct;
  expect(of(15)).toBe(1);
  expect(of(60)).toBe(0);
});
