import type { TextInput } from '../network/spec.ts';
import { splitCharacters, splitWords } from './split.ts';

/** One step of a text: what stands there, from `start` to `end` in UTF-16 units of the text as it was sent. */
export interface TextToken {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface Encoded {
  readonly ids: Int32Array;
  /** How many tokens are not in the vocabulary. */
  readonly unknown: number;
  readonly tokens: readonly TextToken[];
  /** True where the text goes on after `most` tokens. */
  readonly cut: boolean;
}

/** Text ↔ ids. */
export interface Vocabulary {
  readonly tokens: readonly string[];
  readonly unknownId: number | undefined;
  readonly startId: number | undefined;
  readonly endId: number | undefined;
  /**
   * Tokens outside the vocabulary become the unknown id, or are left out where there is none.
   * @param most tokens after which to stop reading: a text may be megabytes long
   */
  encode(text: string, most?: number): Encoded;
  decode(ids: ArrayLike<number>): string;
}

export function createVocabulary(input: TextInput): Vocabulary {
  const { tokens, unknown: unknownId, start: startId, end: endId } = input;
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const split = input.vocabulary === 'characters' ? splitCharacters : splitWords;
  const normal = (text: string): string => {
    const lowered = input.lowercase ? text.toLowerCase() : text;
    return input.normalize === 'none' ? lowered : lowered.normalize(input.normalize);
  };

  return {
    tokens,
    unknownId,
    startId,
    endId,
    encode(text, most = Infinity) {
      const known: number[] = [];
      const kept: TextToken[] = [];
      let unknown = 0;
      for (const token of split(text, normal)) {
        const id = ids.get(token.text) ?? unknownId;
        if (!ids.has(token.text)) unknown++;
        if (id === undefined) continue;
        if (known.length === most) return { ids: Int32Array.from(known), unknown, tokens: kept, cut: true };
        known.push(id);
        kept.push({ text: text.slice(token.start, token.end), start: token.start, end: token.end });
      }
      return { ids: Int32Array.from(known), unknown, tokens: kept, cut: false };
    },
    decode: (sequence) =>
      Array.from(sequence, (id) => tokens[id] ?? '').join(input.vocabulary === 'characters' ? '' : ' '),
  };
}
