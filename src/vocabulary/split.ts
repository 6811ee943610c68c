// Splits a text into normalised tokens with their positions in the text as it was sent. A normalisation may
// join or split characters, so it is applied to segments whose boundaries it cannot cross: a character with
// the combining marks after it. Only lowercasing Σ depends on more context: as a single character it becomes
// σ, also at the end of a word, because the result for a character must not depend on the characters after
// it.

/** One step of a text: its text, from `start` to `end` in UTF-16 units of the text as it was sent. */
export interface TextToken {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** One step of a text: what stands there, from `start` to `end` in UTF-16 units of the text as it was sent. */
export interface TextToken {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

type Normalize = (text: string) => string;

// A segment: a character with those that may combine with it. These are marks, and the half-width voiced
// marks that NFKC turns into marks. Hangul letters combine with one another and with the syllable before
// them, in their half-width and circled forms too; so do the vowel signs of Kirat Rai, which are letters.
// Ordering marks takes quadratic time, so a segment has at most 256 of them: Unicode's Stream-Safe Text
// Format (UAX #15) allows 30.
const segment =
  /(?:[\uac00-\ud7a3]?[\u1100-\u11ff\u3131-\u318e\u3260-\u327e\ua960-\ua97f\ud7b0-\ud7ff\uffa0-\uffdc]+|[\u{16d63}\u{16d67}-\u{16d6a}]+)[\p{M}\uff9e\uff9f]{0,256}|[^]?[\p{M}\uff9e\uff9f]{1,256}|[^]/uy;
const word = /\p{L}[\p{L}\p{M}\p{N}]*(?:['’-][\p{L}\p{M}\p{N}]+)*|\p{N}+(?:[.,]\p{N}+)*|[^\s]/gu;

/** No code point below this combines with the one before it. */
const firstMark = 0x300;

/** Yields a token for each code point of the normalised text. */
export function* splitCharacters(text: string, normalize: Normalize): Generator<TextToken> {
  const simple: string[] = [];
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const start = at;
    let normalized: string;
    if (code < firstMark && !(text.charCodeAt(at + 1) >= firstMark)) {
      normalized = simple[code] ??= normalize(text[at]!);
      at += 1;
    } else {
      segment.lastIndex = at;
      const [found] = segment.exec(text)!;
      normalized = normalize(found);
      at += found.length;
    }
    for (const character of normalized) yield { text: character, start, end: at };
  }
}

/** Yields a token for each word, number or other visible character. */
export function* splitWords(text: string, normalize: Normalize): Generator<TextToken> {
  for (const { 0: found, index } of text.matchAll(word))
    yield { text: normalize(found), start: index, end: index + found.length };
}

/** Yields a token for what stands between ASCII white space, unless normalising leaves nothing of it. */
export function* splitWhitespace(text: string, normalize: Normalize): Generator<TextToken> {
  for (const { 0: found, index } of text.matchAll(/[^\t\n\v\f\r ]+/g)) {
    const normalized = normalize(found);
    if (normalized !== '') yield { text: normalized, start: index, end: index + found.length };
  }
}
