import { expect, it } from 'vitest';
import { createVocabulary } from '../../src/vocabulary/vocabulary.ts';

const vocabulary = createVocabulary({
  kind: 'text',
  vocabulary: 'words',
  tokens: ['\ufffd', 'the', 'dog'],
  unknown: 0,
  lowercase: true,
  normalize: 'NFC',
  characters: { tokens: ['T', 'h', 'e', 'd', 'o', 'g'], prefix: 2, suffix: 3 },
});

it('encodes a word with its first characters, then its last characters backwards', () => {
  expect(vocabulary.columns).toEqual([3, 8, 8, 8, 8, 8]);
  expect([...vocabulary.encode('The dog').ids]).toEqual([1, 2, 3, 4, 3, 2, 2, 5, 6, 7, 6, 5]);
});

it('has ids for a missing and for an unknown character', () => {
  const { ids, unknown } = vocabulary.encodeTokens(['z', 'hé']);
  expect([...ids]).toEqual([0, 1, 0, 1, 0, 0, 0, 3, 1, 1, 3, 0]);
  expect(unknown).toBe(2);
});

it('encodes tokens that are already split', () => {
  const { ids, tokens } = vocabulary.encodeTokens(['the dog', 'dog']);
  expect([ids[0], ids[6], tokens.length]).toEqual([0, 2, 2]);
});
