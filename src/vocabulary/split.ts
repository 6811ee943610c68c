import type { TextToken } from './vocabulary.ts';

// A text as tokens, normalised, each with its place in the text as it was sent. A normalisation may join or split
// characters, so it is applied to pieces that it cannot reach across: a character with the combining marks after it.

type Normalise = (text: string) => string;

// What may combine with the character before it: marks, and the half-width voiced marks that NFKC makes into marks.
// Hangul letters combine with one another and with the syllable before them, in their half-width forms too.
const piece =
  /[\uac00-\ud7a3]?[\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\ud7b0-\ud7ff\uffa0-\uffdc]+[\p{M}\uff9e\uff9f]*|[^]?[\p{M}\uff9e\uff9f]+|[^]/gu;
const word = /\p{L}[\p{L}\p{M}\p{N}]*(?:['’-][\p{L}\p{M}\p{N}]+)*|\p{N}+(?:[.,]\p{N}+)*|[^\s]/gu;

/** One token a code point of the normalised text. */
export function* splitCharacters(text: string, normalise: Normalise): Generator<TextToken> {
  for (const match of text.matchAll(piece)) {
    const start = match.index;
    const end = start + match[0].length;
    for (const character of normalise(match[0])) yield { text: character, start, end };
  }
}

/** One token a word, number or other visible character. */
export function* splitWords(text: string, normalise: Normalise): Generator<TextToken> {
  for (const match of text.matchAll(word))
    yield { text: normalise(match[0]), start: match.index, end: match.index + match[0].length };
}
