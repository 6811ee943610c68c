import { describe, expect, it } from 'vitest';
import { createRng, restoreRng } from '../../src/decoding/rng.ts';

const take = (rng: { next(): number }, count: number): number[] =>
  Array.from({ length: count }, () => rng.next());

describe('the random numbers of a generation', () => {
  it('are the same for the same seed and stream', () => {
    expect(take(createRng(42, 1), 100)).toEqual(take(createRng(42, 1), 100));
  });

  it('share nothing between seeds and streams that differ in one bit', () => {
    const sequences = [createRng(0), createRng(1), createRng(2 ** 32), createRng(0, 1), createRng(0, 2)].map(
      (rng) => take(rng, 200),
    );
    const numbers = sequences.flat();
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it('go on from a saved state', () => {
    const rng = createRng(7);
    take(rng, 13);
    const state = rng.state();
    expect(take(restoreRng(state), 50)).toEqual(take(rng, 50));
  });

  it('fill [0, 1) evenly', () => {
    const counts = new Array<number>(20).fill(0);
    for (const number of take(createRng(3), 20_000)) counts[Math.floor(number * 20)]! += 1;
    // χ² with 19 degrees of freedom is above 43.8 once in a thousand seeds
    expect(counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(43.8);
  });
});
