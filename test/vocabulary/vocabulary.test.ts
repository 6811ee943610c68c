import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TextInput } from '../../src/network/spec.ts';
import { createVocabulary } from '../../src/vocabulary/vocabulary.ts';

const characters = (tokens: string[], more: Partial<TextInput> = {}): TextInput => ({
  kind: 'text',
  vocabulary: 'characters',
  tokens,
  lowercase: false,
  normalize: 'NFC',
  ...more,
});
const words = (tokens: string[], more: Partial<TextInput> = {}): TextInput => ({
  ...characters(tokens),
  vocabulary: 'words',
  ...more,
});

describe('a vocabulary of characters', () => {
  it('gives one id a code point, also beyond the basic plane', () => {
    const { ids, unknown, tokens } = createVocabulary(characters(['a', '😀', 'ก'])).encode('ก😀a');
    expect([...ids]).toEqual([2, 1, 0]);
    expect(unknown).toBe(0);
    expect(tokens).toEqual([
      { text: 'ก', start: 0, end: 1 },
      { text: '😀', start: 1, end: 3 },
      { text: 'a', start: 3, end: 4 },
    ]);
  });

  it('counts what it does not know, as its unknown id or left out', () => {
    const known = createVocabulary(characters(['?', 'a', 'b'], { unknown: 0 })).encode('axb');
    expect([...known.ids]).toEqual([1, 0, 2]);
    expect(known.unknown).toBe(1);
    const dropped = createVocabulary(characters(['a', 'b'])).encode('axb');
    expect([...dropped.ids]).toEqual([0, 1]);
    expect(dropped.unknown).toBe(1);
    expect(dropped.tokens.map(({ start }) => start)).toEqual([0, 2]);
  });

  it('knows a letter and its accent however they are written', () => {
    const vocabulary = createVocabulary(characters(['é']));
    for (const text of ['\u00e9', 'e\u0301']) {
      const { ids, tokens } = vocabulary.encode(text);
      expect([...ids]).toEqual([0]);
      expect(tokens).toEqual([{ text, start: 0, end: text.length }]);
    }
  });

  it('lowers a letter that becomes two, both from the same place', () => {
    const { ids, tokens } = createVocabulary(characters(['i', '\u0307', 'x'], { lowercase: true })).encode(
      'İX',
    );
    expect([...ids]).toEqual([0, 1, 2]);
    expect(tokens.map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [0, 1],
      [1, 2],
    ]);
  });

  it('normalises piece by piece as it would the whole text', () => {
    const marks = fc.constantFrom(
      'a',
      'e',
      'E',
      '\u0301',
      '\u0323',
      '\u0302',
      'ᄀ',
      'ᅡ',
      'ᆨ',
      '가',
      '각',
      'ﬁ',
      '①',
      'ﾊ',
      'ﾞ',
      '\u0bc7',
      '\u0bbe',
      '😀',
      '\ud83d',
      'ß',
      'İ',
      '\u09c7',
      '\u09be',
    );
    for (const normalize of ['none', 'NFC', 'NFKC'] as const)
      fc.assert(
        fc.property(
          fc.oneof(fc.string({ unit: marks, maxLength: 12 }), fc.string({ unit: 'binary' })),
          (text) => {
            const normal = normalize === 'none' ? text : text.normalize(normalize);
            const expected = [...normal];
            const vocabulary = createVocabulary(
              characters([...new Set(expected), '\u0000unused'], { normalize }),
            );
            const { ids, unknown } = vocabulary.encode(text);
            expect(unknown).toBe(0);
            expect(vocabulary.decode(ids)).toBe(normal);
          },
        ),
        { numRuns: 1000 },
      );
  });

  it('says where each token stands in the text as it was sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { tokens } = createVocabulary(characters(['?'], { unknown: 0 })).encode(text);
        let at = 0;
        for (const token of tokens) {
          expect(text.slice(token.start, token.end)).toBe(token.text);
          expect(token.start).toBeGreaterThanOrEqual(at === 0 ? 0 : at - token.text.length);
          at = token.end;
        }
        if (text !== '') expect(at).toBe(text.length);
      }),
    );
  });

  it('reads a megabyte', () => {
    const text = 'Call me Ishmael. '.repeat(60_000);
    expect(createVocabulary(characters(['?'], { unknown: 0 })).encode(text).ids).toHaveLength(text.length);
  });
});

describe('a vocabulary of words', () => {
  const vocabulary = createVocabulary(
    words(['<unk>', "don't", 'stop', '.', '3.14', 'well-known', 'é'], { unknown: 0, lowercase: true }),
  );

  it('takes words, numbers and marks apart, and keeps apostrophes and hyphens inside words', () => {
    const { ids, tokens, unknown } = vocabulary.encode("Don't STOP 3.14 well-known things.");
    expect([...ids]).toEqual([1, 2, 4, 5, 0, 3]);
    expect(unknown).toBe(1);
    expect(tokens.map(({ text }) => text)).toEqual(["Don't", 'STOP', '3.14', 'well-known', 'things', '.']);
  });

  it('joins words with spaces', () => {
    expect(vocabulary.decode([2, 3])).toBe('stop .');
  });

  it('finds nothing in white space', () => {
    expect(vocabulary.encode(' \n\t ').ids).toHaveLength(0);
  });
});
