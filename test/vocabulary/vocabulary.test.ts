import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TextInput } from '../../src/network/spec.ts';
import { splitCharacters } from '../../src/vocabulary/split.ts';
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
  it('gives each code point an id, also outside the basic plane', () => {
    const { ids, unknown, tokens } = createVocabulary(characters(['a', '😀', 'ก'])).encode('ก😀a');
    expect([...ids]).toEqual([2, 1, 0]);
    expect(unknown).toBe(0);
    expect(tokens).toEqual([
      { text: 'ก', start: 0, end: 1 },
      { text: '😀', start: 1, end: 3 },
      { text: 'a', start: 3, end: 4 },
    ]);
  });

  it('counts unknown characters, encoded as the unknown id or left out', () => {
    const known = createVocabulary(characters(['?', 'a', 'b'], { unknown: 0 })).encode('axb');
    expect([...known.ids]).toEqual([1, 0, 2]);
    expect(known.unknown).toBe(1);
    const dropped = createVocabulary(characters(['a', 'b'])).encode('axb');
    expect([...dropped.ids]).toEqual([0, 1]);
    expect(dropped.unknown).toBe(1);
    expect(dropped.tokens.map(({ start }) => start)).toEqual([0, 2]);
  });

  it('finds a letter with an accent, composed or decomposed', () => {
    const vocabulary = createVocabulary(characters(['é']));
    for (const text of ['\u00e9', 'e\u0301']) {
      const { ids, tokens } = vocabulary.encode(text);
      expect([...ids]).toEqual([0]);
      expect(tokens).toEqual([{ text, start: 0, end: text.length }]);
    }
  });

  it('lowercases a letter into two tokens at the same position', () => {
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

  it('normalises segment by segment as the whole text', () => {
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
      '㉠',
      '㉮',
      '\u{16d63}',
      '\u{16d67}',
    );
    for (const normalize of ['none', 'NFC', 'NFKC'] as const)
      fc.assert(
        fc.property(
          fc.oneof(fc.string({ unit: marks, maxLength: 12 }), fc.string({ unit: 'binary' })),
          fc.boolean(),
          (sent, lowercase) => {
            // Σ is lowered apart: see below
            const text = sent.replaceAll('Σ', '');
            const lowered = lowercase ? text.toLowerCase() : text;
            const normal = normalize === 'none' ? lowered : lowered.normalize(normalize);
            const expected = [...normal];
            const vocabulary = createVocabulary(
              characters([...new Set(expected), '\u0000unused'], { normalize, lowercase }),
            );
            const { ids, unknown } = vocabulary.encode(text);
            expect(unknown).toBe(0);
            expect(vocabulary.decode(ids)).toBe(normal);
          },
        ),
        { numRuns: 1000 },
      );
  });

  it('keeps combining characters in the segment of the character before them', () => {
    const before = ['a', '가', 'ᄀ', '㉠', '㉮', '\u09c7', '\u{16d63}', '\u{16d67}'];
    for (const normalize of ['NFC', 'NFKC'] as const) {
      let joined = 0;
      const wrong: string[] = [];
      for (let code = 0; code < 0x20000; code++) {
        // ideographs, whole syllables and surrogates stay by themselves
        if ((code >= 0x3400 && code < 0xa000) || (code >= 0xac00 && code < 0xe000)) continue;
        const last = String.fromCodePoint(code);
        for (const first of before) {
          const whole = (first + last).normalize(normalize);
          if (whole === first.normalize(normalize) + last.normalize(normalize)) continue;
          joined++;
          const pieces = splitCharacters(first + last, (text) => text.normalize(normalize));
          if (Array.from(pieces, ({ text }) => text).join('') !== whole) wrong.push(first + last);
        }
      }
      expect(wrong).toEqual([]);
      expect(joined).toBeGreaterThan(50);
    }
  });

  it('lowercases Σ regardless of the characters after it', () => {
    const vocabulary = createVocabulary(characters(['σ', 'ς', 'ο', ' '], { lowercase: true }));
    expect(vocabulary.decode(vocabulary.encode('ΟΣ ΟΣΟ').ids)).toBe('οσ οσο');
    // written so, it stays
    expect(vocabulary.decode(vocabulary.encode('ος').ids)).toBe('ος');
  });

  it('orders the marks of a character, and splits long runs of marks', () => {
    const sizes: number[] = [];
    const normalise = (text: string): string => {
      sizes.push(text.length);
      return text.normalize('NFC');
    };
    const zalgo = 'x' + '\u0301\u0323'.repeat(100);
    const text = Array.from(splitCharacters(zalgo, normalise), (token) => token.text).join('');
    expect(text).toBe(zalgo.normalize('NFC'));
    expect(sizes).toEqual([zalgo.length]);
    sizes.length = 0;
    const endless = 'x' + '\u0301\u0323'.repeat(50_000) + 'y';
    const tokens = [...splitCharacters(endless, normalise)];
    expect(Math.max(...sizes)).toBeLessThanOrEqual(257);
    expect(tokens.at(-1)).toEqual({ text: 'y', start: endless.length - 1, end: endless.length });
    expect(tokens).toHaveLength(endless.length);
  });

  it('encodes a lone surrogate as an unknown character', () => {
    const vocabulary = createVocabulary(characters(['?', 'a'], { unknown: 0, normalize: 'NFKC' }));
    for (const [text, ids] of [
      ['\ud83da', [0, 1]],
      ['a\ude00', [1, 0]],
      ['\ude00\ud83d', [0, 0]],
    ] as const) {
      expect([...vocabulary.encode(text).ids]).toEqual(ids);
      expect(vocabulary.encode(text).unknown).toBe(text.length - text.replace(/\p{Cs}/gu, '').length);
    }
  });

  it('stops reading after the maximum number of tokens, those left out not counted', () => {
    const vocabulary = createVocabulary(characters(['a', 'b']));
    expect(vocabulary.encode('axxb', 2)).toMatchObject({ truncated: false, unknown: 2 });
    expect(vocabulary.encode('abxx', 2)).toMatchObject({ truncated: false, unknown: 2 });
    const truncated = vocabulary.encode('axbxa', 2);
    expect(truncated.truncated).toBe(true);
    expect([...truncated.ids]).toEqual([0, 1]);
  });

  it('gives the position of each token in the text as it was sent', () => {
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

  it('splits words, numbers and punctuation, and keeps apostrophes and hyphens inside words', () => {
    const { ids, tokens, unknown } = vocabulary.encode("Don't STOP 3.14 well-known things.");
    expect([...ids]).toEqual([1, 2, 4, 5, 0, 3]);
    expect(unknown).toBe(1);
    expect(tokens.map(({ text }) => text)).toEqual(["Don't", 'STOP', '3.14', 'well-known', 'things', '.']);
  });

  it('joins words with spaces', () => {
    expect(vocabulary.decode([2, 3])).toBe('stop .');
  });

  it('finds a word with composed or decomposed accents, and one in a text full of marks', () => {
    for (const text of ['É', 'E\u0301', 'e\u0301']) expect([...vocabulary.encode(text).ids]).toEqual([6]);
    const endless = 'e' + '\u0301\u0323'.repeat(50_000);
    const { ids, tokens } = vocabulary.encode(`${endless} stop`);
    expect([...ids]).toEqual([0, 2]);
    expect(tokens[0]).toEqual({ text: endless, start: 0, end: endless.length });
  });

  it('lowercases a final Σ as ς', () => {
    const greek = createVocabulary(words(['τέλος'], { lowercase: true }));
    expect([...greek.encode('ΤΈΛΟΣ').ids]).toEqual([0]);
  });

  it('finds no token in white space', () => {
    expect(vocabulary.encode(' \n\t ').ids).toHaveLength(0);
  });
});

describe('a long text', () => {
  it.each([
    ['characters', 'abxX\u0301 '.repeat(2000)],
    ['words', 'The dog’s x3.5 '.repeat(2000)],
    ['words', Array.from({ length: 3000 }, (_, i) => `Dog${i % 7}`)],
  ] as const)('is encoded incrementally as at once: %s', (kind, text) => {
    const vocabulary = createVocabulary({
      kind: 'text',
      vocabulary: kind,
      tokens: ['?', 'a', 'b', 'the', 'dog1', '3.5'],
      unknown: 0,
      lowercase: true,
      normalize: 'NFC',
    });
    const parts = vocabulary.encodeIncrementally(text, Infinity);
    let pauses = 0;
    let part = parts.next();
    for (; part.done !== true; part = parts.next()) pauses++;
    expect(pauses).toBeGreaterThan(4);
    const whole = typeof text === 'string' ? vocabulary.encode(text) : vocabulary.encodeTokens(text);
    expect(part.value).toEqual(whole);
  });

  it('is not normalised where it is one long word: ordering marks takes quadratic time', () => {
    const long = 'A'.repeat(1025);
    const vocabulary = createVocabulary({
      kind: 'text',
      vocabulary: 'words',
      tokens: [long.toLowerCase(), 'A'.repeat(1024).toLowerCase()],
      lowercase: true,
      normalize: 'NFC',
    });
    expect(vocabulary.encode(long).unknown).toBe(1);
    expect(vocabulary.encodeTokens([long]).unknown).toBe(1);
    expect([...vocabulary.encodeTokens(['A'.repeat(1024)]).ids]).toEqual([1]);
  });
});

describe('a vocabulary of what stands between white space', () => {
  const whitespace = (tokens: string[], more: Partial<TextInput> = {}): TextInput => ({
    ...words(tokens, { normalize: 'none', ...more }),
    vocabulary: 'whitespace',
  });

  it('splits at ASCII white space only, and keeps positions', () => {
    const { tokens } = createVocabulary(whitespace(['?'], { unknown: 0 })).encode(' a,b\t\vc\u00a0d ');
    expect(tokens).toEqual([
      { text: 'a,b', start: 1, end: 4 },
      { text: 'c\u00a0d', start: 6, end: 9 },
    ]);
  });

  it('lowers ASCII letters and strips ASCII punctuation, of words of any length', () => {
    const { encode } = createVocabulary(
      whitespace(['?', 'dont', 'Übér'], { unknown: 0, lowercase: 'ascii', stripPunctuation: true }),
    );
    expect([...encode(`DON'T ÜBÉR ÜBér — ${'-'.repeat(3000)} ${'!'.repeat(3000)}dont`).ids]).toEqual([
      1, 0, 2, 0, 1,
    ]);
  });

  it('cuts texts off and fills them up to a fixed length', () => {
    const { encode, encodeTokens } = createVocabulary(whitespace(['', '?', 'a'], { unknown: 1, length: 3 }));
    expect([...encode('a b a a').ids]).toEqual([2, 1, 2]);
    expect(encode('a b a a').truncated).toBe(false);
    expect([...encode('').ids]).toEqual([0, 0, 0]);
    expect(encode(' a').tokens).toEqual([
      { text: 'a', start: 1, end: 2 },
      { text: '', start: 2, end: 2 },
      { text: '', start: 2, end: 2 },
    ]);
    expect([...encodeTokens(['a', 'a', 'a', 'a']).ids]).toEqual([2, 2, 2]);
    expect(encode('a', 2).truncated).toBe(true);
  });
});
