import type { Vocabulary } from '../vocabulary/vocabulary.ts';

/** Different tokens of a text. */
const different = 6;
/** Tokens of a vocabulary that are looked at: it may have a million. */
const maxTokens = 2000;

type Text = string | readonly (readonly string[])[];

/**
 * Makes a text of so many of a vocabulary's tokens, or a list of tokens where no text has any of them; null without either.
 * @param padding the id of steps that are left out
 */
export function makeText(vocabulary: Vocabulary, steps: number, padding?: number): Text | null {
  const { tokens, unknownId, startId, endId } = vocabulary;
  const special = new Set([unknownId, startId, endId, padding]);
  const ids = Array.from({ length: Math.min(tokens.length, maxTokens) }, (_, id) => id).filter(
    (id) => !special.has(id) && tokens.at(id) !== '',
  );
  const readable: number[] = [];
  const letters: number[] = [];
  for (const id of ids) {
    const text = tokens.at(id)!;
    if (!readsOnly(vocabulary, text, id)) continue;
    readable.push(id);
    if (/^\p{L}+$/u.test(text) && letters.push(id) === different) break;
  }
  const chosen = letters.length > 1 ? letters : readable;
  if (chosen.length > 0) {
    const text = vocabulary.decode(repeat(chosen, steps));
    // neighbours may combine into a token that the vocabulary does not have
    return vocabulary.encode(text).unknown === 0
      ? text
      : vocabulary.decode(repeat(chosen.slice(0, 1), steps));
  }
  const listed = ids.find((id) => readsOnly(vocabulary, [tokens.at(id)!], id));
  if (listed !== undefined) return [repeat([tokens.at(listed)!], steps)];
  if (unknownId === undefined || unknownId === padding) return null;
  const letter = repeat(['a'], steps);
  const unknown = [letter.join(''), letter.join(' ')];
  return unknown.find((text) => vocabulary.encode(text).tokens.length === steps) ?? 'a';
}

const repeat = <Item>(items: readonly Item[], length: number): Item[] =>
  Array.from({ length }, (_, i) => items[i % items.length]!);

/** Whether a text is the single token of an id, besides what fills it up. */
function readsOnly(vocabulary: Vocabulary, text: string | readonly string[], id: number): boolean {
  const { ids, tokens } = typeof text === 'string' ? vocabulary.encode(text) : vocabulary.encodeTokens(text);
  return ids[0] === id && tokens.filter((token) => token.text !== '').length === 1;
}
