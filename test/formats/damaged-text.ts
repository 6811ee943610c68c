import type { Rng } from '../../src/random.ts';

// Damage that leaves a text readable, so that what follows the parser sees it.

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const values: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  2 ** 31,
  '',
  '__proto__',
  'constructor',
  'same',
  'linear',
  [],
  {},
  [[]],
  [null],
  ['a', 0, 0],
  { class_name: 'LSTM', config: {} },
];

/** JSON with one of its values replaced, taken away, put twice, or exchanged with another. */
export function damagedJson(text: string, random: Rng): string {
  const below = (count: number): number => Math.floor(random.next() * count);
  const whole = { root: JSON.parse(text) as Json };
  const places: { owner: Record<string, Json>; key: string }[] = [];
  const walk = (owner: Json): void => {
    if (typeof owner !== 'object' || owner === null) return;
    for (const [key, value] of Object.entries(owner)) {
      places.push({ owner: owner as Record<string, Json>, key });
      walk(value);
    }
  };
  walk(whole);
  const { owner, key } = places[below(places.length)]!;
  const other = places[below(places.length)]!;
  switch (below(4)) {
    case 0:
      if (Array.isArray(owner)) owner.splice(Number(key), 1);
      else delete owner[key];
      break;
    case 1:
      if (Array.isArray(owner)) owner.push(owner[Number(key)]);
      else owner[`${key}_1`] = owner[key]!;
      break;
    case 2:
      owner[key] = structuredClone(other.owner[other.key] ?? null);
      break;
    default:
      owner[key] = values[below(values.length)]!;
  }
  return JSON.stringify(whole.root ?? null);
}

const token = /[A-Za-z_][\w.]*|-?\d[\d.]*|"[^"]*"|[()[\]{}:,=]/g;

/** Code in which a word, a number or a bracket is another one of the same code, or a number at a limit. */
export function damagedCode(text: string, random: Rng): string {
  const below = (count: number): number => Math.floor(random.next() * count);
  const tokens = [...text.matchAll(token)];
  if (tokens.length === 0) return text;
  const { index, 0: found } = tokens[below(tokens.length)]!;
  const limits = ['-1', '0', '9223372036854775807', '1e400', '1048576', 'None'];
  const kind = (one: string): string =>
    /^[A-Za-z_]/.test(one) ? 'word' : /\d/.test(one) ? 'number' : 'other';
  const alike = tokens.map(([one]) => one).filter((one) => kind(one) === kind(found));
  const replacement =
    kind(found) === 'number' && random.next() < 0.5
      ? limits[below(limits.length)]!
      : alike[below(alike.length)]!;
  return text.slice(0, index) + replacement + text.slice(index + found.length);
}
