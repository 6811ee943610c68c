import type { TextInput } from '../../network/spec.ts';
import { createVocabulary } from '../../vocabulary/vocabulary.ts';
import type { TrainingSpec } from '../training-spec.ts';

type TextDraft = Extract<NonNullable<TrainingSpec['inputs']>, { kind: 'text' }>;

/** Special tokens. They occur in no text: each is longer than a character or not a word. */
const special = { unknown: '\ufffd', start: '<s>', end: '</s>' } as const;
type Special = keyof typeof special;

/** Characters seen fewer times than this are unknown. */
const minCharacterCount = 2;

/**
 * Builds the vocabulary of texts, or lists of tokens: special tokens, then tokens by descending frequency,
 * ties in order of code points. If the draft has tokens, missing special tokens are put before them.
 */
export function buildVocabulary(
  draft: TextDraft,
  texts: Iterable<string | readonly string[]>,
  specialNames: readonly Special[],
): TextInput {
  const { vocabulary, lowercase, normalize } = draft;
  const shape = { kind: 'text', vocabulary, lowercase, normalize } as const;
  const counts = new Map<string, number>();
  const characterCounts = new Map<string, number>();
  // splits texts into tokens only: ids are assigned below
  const splitter = createVocabulary({ ...shape, tokens: [special.unknown], unknown: 0 });
  const normalise = (text: string): string => {
    const lowered = lowercase ? text.toLowerCase() : text;
    return normalize === 'none' ? lowered : lowered.normalize(normalize);
  };
  const add = (to: Map<string, number>, token: string): void => void to.set(token, (to.get(token) ?? 0) + 1);
  if (!draft.tokens || draft.characters)
    for (const text of texts) {
      const { tokens } = typeof text === 'string' ? splitter.encode(text) : splitter.encodeTokens(text);
      for (const { text: word } of tokens) {
        // normalising a character may give several
        if (vocabulary === 'characters' && typeof text === 'string')
          for (const character of normalise(word)) add(counts, character);
        else add(counts, normalise(word));
        if (draft.characters) for (const letter of word) add(characterCounts, letter);
      }
    }

  const frequent =
    draft.tokens ?? listByFrequency(counts, draft.min_count).slice(0, draft.max_tokens - specialNames.length);
  const missing = specialNames
    .map((name): string => special[name])
    .filter((token) => !frequent.includes(token));
  const tokens = [...missing, ...frequent];
  const ids = Object.fromEntries(specialNames.map((name) => [name, tokens.indexOf(special[name])]));
  return {
    ...shape,
    tokens,
    ...ids,
    ...(draft.characters && {
      characters: { ...draft.characters, tokens: listByFrequency(characterCounts, minCharacterCount) },
    }),
  };
}

const listByFrequency = (counts: ReadonlyMap<string, number>, minCount: number): string[] =>
  [...counts]
    .filter(([, count]) => count >= minCount)
    .sort(([a, m], [b, n]) => n - m || compareCodePoints(a, b))
    .map(([token]) => token);

/** Compares UTF-8 bytes, which are in the order of code points; UTF-16 is not beyond U+FFFF. */
const compareCodePoints = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
