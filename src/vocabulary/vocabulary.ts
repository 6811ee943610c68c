import type { TextInput } from '../network/spec.ts';
import { normalizeWord, splitCharacters, splitWords, type TextToken } from './split.ts';
import { openTokens, packTokens, type PackedTokens, type TokenTable } from './token-table.ts';

export interface Encoded {
  /** [tokens][columns] */
  readonly ids: Int32Array;
  /** How many tokens are not in the vocabulary. */
  readonly unknown: number;
  readonly tokens: readonly TextToken[];
  /** True where the text goes on after `most` tokens. */
  readonly truncated: boolean;
}

type CharacterInput = NonNullable<TextInput['characters']>;
/** A text input without its lists of texts, which may have a million entries. */
export type TextSettings = Omit<TextInput, 'tokens' | 'characters'> & {
  readonly characters?: Omit<CharacterInput, 'tokens'> | undefined;
};
/** Those lists. Plain data, to be posted to another thread. */
export interface PackedTexts {
  readonly tokens: PackedTokens;
  readonly characters: PackedTokens | null;
}

export const packTexts = ({ tokens, characters }: TextInput): PackedTexts => ({
  tokens: packTokens(tokens),
  characters: characters ? packTokens(characters.tokens) : null,
});

/** The vocabulary of each id of a step. */
export function vocabularySizes(
  tokens: number,
  affixes: { readonly prefix: number; readonly suffix: number } | undefined,
  characters: number,
): number[] {
  const count = affixes ? affixes.prefix + affixes.suffix : 0;
  return [tokens, ...Array<number>(count).fill(firstCharacter + characters)];
}

/** Text ↔ ids. */
export interface Vocabulary {
  readonly tokens: TokenTable;
  readonly unknownId: number | undefined;
  readonly startId: number | undefined;
  readonly endId: number | undefined;
  /** The vocabulary of each id of a step: one, but for words with ids of their characters. */
  readonly columns: readonly number[];
  /**
   * Tokens outside the vocabulary become the unknown id, or are left out where there is none.
   * @param most tokens after which to stop reading: a text may be megabytes long
   */
  encode(text: string, most?: number): Encoded;
  /** The same for tokens that somebody else has split. */
  encodeTokens(tokens: readonly string[], most?: number): Encoded;
  /** Either, pausing after some hundred tokens, so that a long text does not hold up whoever has other things to do. */
  encodeIncrementally(text: string | readonly string[], most: number): Generator<undefined, Encoded>;
  /** The ids of a step whose token is known by its id: its own, then those of its characters. @throws RangeError */
  stepIds(id: number): readonly number[];
  decode(ids: ArrayLike<number>): string;
}

/** Ids of a word's characters (model.json, inputs.characters). */
const noCharacter = 0;
const unknownCharacter = 1;
const firstCharacter = 2;

/** A token of a text, and its normalised form. */
interface Piece {
  readonly text: string;
  readonly stood: TextToken;
}
const piecesAPart = 512;

export const createVocabulary = (input: TextInput): Vocabulary => openVocabulary(input, packTexts(input));

/** A vocabulary whose texts are packed: takes no time, however many they are. */
export function openVocabulary(input: TextSettings, packed: PackedTexts): Vocabulary {
  const { unknown: unknownId, start: startId, end: endId, characters } = input;
  const tokens = openTokens(packed.tokens);
  const characterTexts = packed.characters && openTokens(packed.characters);
  const columns = vocabularySizes(tokens.length, characters, characterTexts?.length ?? 0);
  const split = input.vocabulary === 'characters' ? splitCharacters : splitWords;
  const normal = (text: string): string => {
    const lowered = input.lowercase ? text.toLowerCase() : text;
    return input.normalize === 'none' ? lowered : lowered.normalize(input.normalize);
  };

  const characterId = (letter: string): number => {
    const index = characterTexts?.idOf(letter);
    return index === undefined ? unknownCharacter : firstCharacter + index;
  };
  /** First characters from the front, last ones from the end; a word may be shorter than either. */
  const affixIds = (word: string): number[] => {
    if (!characters) return [];
    const { prefix, suffix } = characters;
    // a code point has two UTF-16 units at most, and a word may be megabytes long
    const first = Array.from(word.slice(0, 2 * prefix));
    const last = suffix === 0 ? [] : Array.from(word.slice(-2 * suffix));
    const idOf = (letter: string | undefined): number =>
      letter === undefined ? noCharacter : characterId(letter);
    return [
      ...Array.from({ length: prefix }, (_, i) => idOf(first[i])),
      ...Array.from({ length: suffix }, (_, i) => idOf(last[last.length - 1 - i])),
    ];
  };
  const encodePieces = function* (pieces: Iterable<Piece>, most: number): Generator<undefined, Encoded> {
    const known: number[] = [];
    const kept: TextToken[] = [];
    let unknown = 0;
    let read = 0;
    for (const { text, stood } of pieces) {
      if (++read % piecesAPart === 0) yield;
      const found = tokens.idOf(text);
      const id = found ?? unknownId;
      if (found === undefined) unknown++;
      if (id === undefined) continue;
      if (kept.length === most)
        return { ids: Int32Array.from(known), unknown, tokens: kept, truncated: true };
      known.push(id, ...affixIds(stood.text));
      kept.push(stood);
    }
    return { ids: Int32Array.from(known), unknown, tokens: kept, truncated: false };
  };
  const piecesOf = function* (text: string | readonly string[]): Generator<Piece> {
    if (typeof text === 'string')
      for (const { text: normalised, start, end } of split(text, normal))
        yield { text: normalised, stood: { text: text.slice(start, end), start, end } };
    else
      for (const [i, word] of text.entries())
        yield { text: normalizeWord(word, normal), stood: { text: word, start: i, end: i + 1 } };
  };
  const encode = (text: string | readonly string[], most = Infinity): Encoded => {
    const parts = encodePieces(piecesOf(text), most);
    for (;;) {
      const { done, value } = parts.next();
      if (done) return value;
    }
  };

  return {
    tokens,
    unknownId,
    startId,
    endId,
    columns,
    encode,
    encodeTokens: encode,
    stepIds(id) {
      const text = tokens.at(id);
      if (text === undefined) throw new RangeError(`id: at most ${tokens.length - 1}, was ${id}`);
      return [id, ...affixIds(text)];
    },
    encodeIncrementally: (text, most) => encodePieces(piecesOf(text), most),
    decode: (sequence) =>
      Array.from(sequence, (id) => tokens.at(id) ?? '').join(input.vocabulary === 'characters' ? '' : ' '),
  };
}
