import type { TextInput } from '../../network/spec.ts';
import { createVocabulary } from '../../vocabulary/vocabulary.ts';
import type { TrainingSpec } from '../training-spec.ts';

type TextDraft = Extract<NonNullable<TrainingSpec['inputs']>, { kind: 'text' }>;

/** Tokens with a meaning of their own. Longer than a character, or no word: no text holds them. */
const special = { unknown: '\ufffd', start: '<s>', end: '</s>' } as const;
type Special = keyof typeof special;

/** Characters seen fewer times than this are unknown ones. */
const leastCharacterCount = 2;

/**
 * The vocabulary of some texts, or lists of tokens: the most frequent first, ties in order of code points, after the special
 * tokens. Where it is given, the special ones are looked for among its tokens, and put before them when they are missing.
 */
export function buildVocabulary(
  draft: TextDraft,
  texts: Iterable<string | readonly string[]>,
  wanted: readonly Special[],
): TextInput {
  const { vocabulary, lowercase, normalize } = draft;
  const shape = { kind: 'text', vocabulary, lowercase, normalize } as const;
  const counts = new Map<string, number>();
  const letters = new Map<string, number>();
  // no id is known yet: what it splits the texts into is all that is read
  const splitter = createVocabulary({ ...shape, tokens: [special.unknown], unknown: 0 });
  const normal = (text: string): string => {
    const lowered = lowercase ? text.toLowerCase() : text;
    return normalize === 'none' ? lowered : lowered.normalize(normalize);
  };
  const add = (to: Map<string, number>, token: string): void => void to.set(token, (to.get(token) ?? 0) + 1);
  if (!draft.tokens || draft.characters)
    for (const text of texts) {
      const { tokens } = typeof text === 'string' ? splitter.encode(text) : splitter.encodeTokens(text);
      for (const { text: word } of tokens) {
        // a character may become several
        if (vocabulary === 'characters' && typeof text === 'string')
          for (const character of normal(word)) add(counts, character);
        else add(counts, normal(word));
        if (draft.characters) for (const letter of word) add(letters, letter);
      }
    }

  const frequent =
    draft.tokens ?? mostFrequent(counts, draft.min_count).slice(0, draft.max_tokens - wanted.length);
  const missing = wanted.map((name): string => special[name]).filter((token) => !frequent.includes(token));
  const tokens = [...missing, ...frequent];
  const ids = Object.fromEntries(wanted.map((name) => [name, tokens.indexOf(special[name])]));
  return {
    ...shape,
    tokens,
    ...ids,
    ...(draft.characters && {
      characters: { ...draft.characters, tokens: mostFrequent(letters, leastCharacterCount) },
    }),
  };
}

const mostFrequent = (counts: ReadonlyMap<string, number>, least: number): string[] =>
  [...counts]
    .filter(([, count]) => count >= least)
    .sort(([a, m], [b, n]) => n - m || byCodePoint(a, b))
    .map(([token]) => token);

/** UTF-8 keeps the order of code points; UTF-16 does not beyond the first 65536. */
const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
