// A text as tokens, normalised, each with its place in the text as it was sent. A normalisation may join or split
// characters, so it is applied to pieces that it cannot reach across: a character with the combining marks after it.
// Only lowering a Σ would reach further: among characters it is σ, also at the end of a word, for what a character becomes
// must not hang on those that are still to come.

/** One step of a text: what stands there, from `start` to `end` in UTF-16 units of the text as it was sent. */
export interface TextToken {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

type Normalise = (text: string) => string;

// What may combine with the character before it: marks, and the half-width voiced marks that NFKC makes into marks.
// Hangul letters combine with one another and with the syllable before them, in their half-width and circled forms too;
// so do the vowel signs of Kirat Rai, which are letters. Putting marks in order takes time by the square of their number, so
// a piece has at most 256 of them: Unicode's Stream-Safe Text Format (UAX #15) allows 30.
const piece =
  /(?:[\uac00-\ud7a3]?[\u1100-\u11ff\u3131-\u318e\u3260-\u327e\ua960-\ua97f\ud7b0-\ud7ff\uffa0-\uffdc]+|[\u{16d63}\u{16d67}-\u{16d6a}]+)[\p{M}\uff9e\uff9f]{0,256}|[^]?[\p{M}\uff9e\uff9f]{1,256}|[^]/uy;
const word = /\p{L}[\p{L}\p{M}\p{N}]*(?:['’-][\p{L}\p{M}\p{N}]+)*|\p{N}+(?:[.,]\p{N}+)*|[^\s]/gu;

/** Below this no character combines with the one before it. */
const firstMark = 0x300;

/** One token a code point of the normalised text. */
export function* splitCharacters(text: string, normalise: Normalise): Generator<TextToken> {
  const simple: string[] = [];
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const start = at;
    let normal: string;
    if (code < firstMark && !(text.charCodeAt(at + 1) >= firstMark)) {
      normal = simple[code] ??= normalise(text[at]!);
      at += 1;
    } else {
      piece.lastIndex = at;
      const [found] = piece.exec(text)!;
      normal = normalise(found);
      at += found.length;
    }
    for (const character of normal) yield { text: character, start, end: at };
  }
}

/** Longer words are taken as they stand: no vocabulary holds them, and endless marks would take endless time. */
const longWord = 1024;

export const normalizeWord = (word: string, normalise: Normalise): string =>
  word.length <= longWord ? normalise(word) : word;

/** One token a word, number or other visible character. */
export function* splitWords(text: string, normalise: Normalise): Generator<TextToken> {
  for (const { 0: found, index } of text.matchAll(word))
    yield { text: normalizeWord(found, normalise), start: index, end: index + found.length };
}
