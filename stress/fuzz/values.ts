import type { Random } from '../random.ts';

export const strings: readonly string[] = [
  '',
  'a',
  'language',
  'moby',
  'The whale',
  '../../etc/passwd',
  '\u0000',
  '\ud800',
  '😀'.repeat(20),
  'a'.repeat(5000),
  '%00',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'NaN',
  '1e309',
  'é\u0301\u0301',
  '{{7*7}}',
  "' OR 1=1 --",
  '<script>',
  '\r\nx: y',
  'job_8c9edfb76efa1dd137',
  'female',
  'recurrent',
];

export const numbers: readonly number[] = [
  0,
  1,
  -1,
  2,
  3,
  10,
  255,
  256,
  257,
  4096,
  8192,
  1e6,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1.5,
  -0.1,
  1e-320,
  1e308,
  -1e308,
  0.999999,
];

const deepest = 3;

/** Any JSON value. */
export function anyValue(random: Random, depth = 0): unknown {
  const below = (): unknown => (depth > deepest ? 1 : anyValue(random, depth + 1));
  const several = (): unknown[] => Array.from({ length: random.int(0, 4) }, below);
  return random.pick([
    () => null,
    () => random.pick(strings),
    () => random.pick(numbers),
    () => random.chance(0.5),
    () => [],
    () => ({}),
    several,
    () => Object.fromEntries(several().map((value) => [random.pick(strings).slice(0, 40), value])),
  ])();
}

/** A copy with a few fields changed, removed or added, at any depth. */
export function mutate(value: object, times: number, random: Random): object {
  const copy = structuredClone(value);
  for (let i = 0; i < times; i++) {
    let at = copy as Record<string, unknown>;
    for (;;) {
      const keys = Object.keys(at);
      if (keys.length === 0) break;
      const key = random.pick(keys);
      const child = at[key];
      if (random.chance(0.5) && typeof child === 'object' && child !== null) {
        at = child as Record<string, unknown>;
        continue;
      }
      const way = random.next();
      if (way < 0.2) delete at[key];
      else at[way < 0.35 ? random.pick(strings.slice(0, 15)) : key] = anyValue(random);
      break;
    }
  }
  return copy;
}
