import type { TextInput } from '../network/spec.ts';
import { splitCharacters, splitWhitespace, splitWords, type TextToken } from './split.ts';
import { openTokens, packTokens, type PackedTokens, type TokenTable } from './token-table.ts';

export interface Encoded {
  /** [tokens][columns] */
  readonly ids: Int32Array;
  /** Tokens that are not in the vocabulary. */
  readonly unknown: number;
  readonly tokens: readonly TextToken[];
  /** True where the text continues after `maxTokens` tokens. */
  readonly truncated: boolean;
}

type CharacterInput = NonNullable<TextInput['characters']>;
/** The settings of a text input without its lists of tokens, which may have a million entries. */
export type TextSettings = Omit<TextInput, 'tokens' | 'characters'> & {
  readonly characters?: Omit<CharacterInput, 'tokens'> | undefined;
};
/** The lists of tokens of a text input. Plain data that can be posted to another thread. */
export interface PackedTexts {
  readonly tokens: PackedTokens;
  readonly characters: PackedTokens | null;
}

export const packTexts = ({ tokens, characters }: TextInput): PackedTexts => ({
  tokens: packTokens(tokens),
  characters: characters ? packTokens(characters.tokens) : null,
});

/**
 * The vocabulary size of each id of a step: the token's, then one for each of its first and last characters.
 */
export function vocabularySizes(
  tokens: number,
  affixes: { readonly prefix: number; readonly suffix: number } | undefined,
  characters: number,
): number[] {
  const count = affixes ? affixes.prefix + affixes.suffix : 0;
  return [tokens, ...Array<number>(count).fill(firstCharacter + characters)];
}

/** Converts text to ids and back. */
export interface Vocabulary {
  readonly tokens: TokenTable;
  readonly unknownId: number | undefined;
  readonly startId: number | undefined;
  readonly endId: number | undefined;
  /**
   * The vocabulary size of each id of a step: a single one, except for words with ids of their characters.
   */
  readonly columns: readonly number[];
  /** Steps that every text is cut off or filled up to. */
  readonly length: number | undefined;
  /**
   * Converts a text to ids. Tokens outside the vocabulary become the unknown id, or are left out where there
   * is none.
   * @param maxTokens after which reading stops: a text may be megabytes long
   */
  encode(text: string, maxTokens?: number): Encoded;
  /** The same for a text that the caller has split into tokens. */
  encodeTokens(tokens: readonly string[], maxTokens?: number): Encoded;
  /** Either of them, yielding every few hundred tokens so that the caller can run other work in between. */
  encodeIncrementally(text: string | readonly string[], maxTokens: number): Generator<undefined, Encoded>;
  /** All ids of a step from the id of its token. @throws RangeError for an id outside the vocabulary */
  stepIds(id: number): readonly number[];
  decode(ids: ArrayLike<number>): string;
}

/** Ids of a word's characters (model.json, inputs.characters). */
const noCharacter = 0;
const unknownCharacter = 1;
const firstCharacter = 2;
/** Vocabularies use it as their unknown token: a text that has it has a character that is not known. */
const replacementCharacter = '\u{fffd}';

/** Id of the steps that fill a text up to its fixed length. */
const paddingId = 0;

const splitters = { characters: splitCharacters, words: splitWords, whitespace: splitWhitespace } as const;

const asciiPunctuation = /[!-/:-@[-`{-~]/g;
/** Longer words are not normalised: no vocabulary has them, and normalising many marks takes quadratic time. */
const maxNormalizedLength = 1024;

/** Lowers all letters, those of ASCII, or none. */
function lowering(lowercase: TextInput['lowercase']): (text: string) => string {
  if (lowercase === 'ascii') return (text) => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return lowercase ? (text) => text.toLowerCase() : (text) => text;
}

const tokensPerYield = 512;

export const createVocabulary = (input: TextInput): Vocabulary => openVocabulary(input, packTexts(input));

/** Opens a vocabulary whose tokens are packed, in constant time. */
export function openVocabulary(input: TextSettings, packed: PackedTexts): Vocabulary {
  const { unknown: unknownId, start: startId, end: endId, characters } = input;
  const tokens = openTokens(packed.tokens);
  const characterTexts = packed.characters && openTokens(packed.characters);
  const columns = vocabularySizes(tokens.length, characters, characterTexts?.length ?? 0);
  const split = splitters[input.vocabulary];
  const lower = lowering(input.lowercase);
  const normalize = (text: string): string => {
    if (input.normalize !== 'none' && text.length > maxNormalizedLength) return text;
    const lowered = lower(text);
    const kept = input.stripPunctuation ? lowered.replaceAll(asciiPunctuation, '') : lowered;
    return input.normalize === 'none' ? kept : kept.normalize(input.normalize);
  };

  const characterId = (letter: string): number => {
    const index = characterTexts?.findId(letter);
    return index === undefined ? unknownCharacter : firstCharacter + index;
  };
  /**
   * Ids of the first characters, forwards, then of the last ones, backwards; a word may be shorter than
   * either.
   */
  const affixIds = (word: string): number[] => {
    if (!characters) return [];
    const { prefix, suffix } = characters;
    // a code point has two UTF-16 units at most, and a word may be megabytes long
    const first = Array.from(word.slice(0, 2 * prefix));
    const last = suffix === 0 ? [] : Array.from(word.slice(-2 * suffix));
    const toId = (letter: string | undefined): number =>
      letter === undefined ? noCharacter : characterId(letter);
    return [
      ...Array.from({ length: prefix }, (_, i) => toId(first[i])),
      ...Array.from({ length: suffix }, (_, i) => toId(last[last.length - 1 - i])),
    ];
  };
  /** Collects the steps of a text. */
  const collectSteps = (maxTokens: number) => {
    const ids: number[] = [];
    const encoded: TextToken[] = [];
    let unknown = 0;
    let truncated = false;
    const isFull = (): boolean => (truncated ||= encoded.length === maxTokens);
    const push = (id: number, text: string, start: number, end: number): void => {
      ids.push(id);
      if (characters) ids.push(...affixIds(text));
      encoded.push({ text, start, end });
    };
    return {
      /** Adds a token by its normalised form. @returns whether there may be more */
      add(normalized: string, text: string, start: number, end: number): boolean {
        const found = tokens.findId(normalized);
        const id = found ?? unknownId;
        if (found === undefined || (found === unknownId && normalized === replacementCharacter)) unknown++;
        if (id === undefined) return true;
        if (encoded.length === input.length || isFull()) return false;
        push(id, text, start, end);
        return true;
      },
      end(): Encoded {
        while (!truncated && encoded.length < (input.length ?? 0) && !isFull()) {
          const end = encoded.at(-1)?.end ?? 0;
          push(paddingId, '', end, end);
        }
        return { ids: new Int32Array(ids), unknown, tokens: encoded, truncated };
      },
    };
  };
  const encodeIncrementally = function* (
    text: string | readonly string[],
    maxTokens: number,
  ): Generator<undefined, Encoded> {
    const steps = collectSteps(maxTokens);
    let read = 0;
    if (typeof text === 'string')
      for (const { text: normalized, start, end } of split(text, normalize)) {
        if (++read % tokensPerYield === 0) yield;
        if (!steps.add(normalized, text.slice(start, end), start, end)) break;
      }
    else
      for (let i = 0; i < text.length; i++) {
        if (++read % tokensPerYield === 0) yield;
        if (!steps.add(normalize(text[i]!), text[i]!, i, i + 1)) break;
      }
    return steps.end();
  };
  const encode = (text: string | readonly string[], maxTokens = Infinity): Encoded => {
    const encoding = encodeIncrementally(text, maxTokens);
    for (;;) {
      const { done, value } = encoding.next();
      if (done) return value;
    }
  };

  return {
    tokens,
    unknownId,
    startId,
    endId,
    columns,
    length: input.length,
    encode,
    encodeTokens: encode,
    stepIds(id) {
      const text = tokens.at(id);
      if (text === undefined) throw new RangeError(`id: at most ${tokens.length - 1}, was ${id}`);
      return [id, ...affixIds(text)];
    },
    encodeIncrementally,
    decode: (ids) =>
      Array.from(ids, (id) => tokens.at(id) ?? '').join(input.vocabulary === 'characters' ? '' : ' '),
  };
}
