import type { Rng } from '../../src/random.ts';

/**
 * Hochreiter and Schmidhuber's adding problem (1997): a sequence of numbers from 0 to 1, two of them marked,
 * one in each half; the answer at the end is the sum of the two. To give it, a network must remember over up
 * to `steps` steps. It counts as solved with a mean absolute error below 0.04; a constant output of 1 has
 * 0.33.
 */
export function addingRecords(
  count: number,
  steps: number,
  random: Rng,
): { values: number[][]; target: number }[] {
  return Array.from({ length: count }, () => {
    const numbers = Array.from({ length: steps }, () => Math.round(random.next() * 1e4) / 1e4);
    const half = Math.floor(steps / 2);
    const first = Math.floor(random.next() * half);
    const second = half + Math.floor(random.next() * (steps - half));
    return {
      values: numbers.map((value, t) => [value, t === first || t === second ? 1 : 0]),
      target: numbers[first]! + numbers[second]!,
    };
  });
}
