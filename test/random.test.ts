import { describe, expect, it } from 'vitest';
import { createRng, restoreRng } from '../src/random.ts';

const take = (rng: { next(): number }, count: number): number[] =>
  Array.from({ length: count }, () => rng.next());

describe('the random numbers of a generation', () => {
  it('are the same for the same seed and stream', () => {
    expect(take(createRng(42, 1), 100)).toEqual(take(createRng(42, 1), 100));
  });

  it("are the bits of PractRand's sfc32", () => {
    // what its seed(Uint64) gives for 0 and 1: the seed in the second word, twelve numbers thrown away
    const bits = (seed: number): number[] =>
      take(restoreRng([0, seed, 0, 1]), 16)
        .slice(12)
        .map((number) => number * 2 ** 32);
    expect(bits(0)).toEqual([1363572419, 145230303, 808754475, 4216505632]);
    expect(bits(1)).toEqual([2012149540, 1872316204, 1707632675, 1779833415]);
  });

  it('are independent between seeds and streams that differ in one bit', () => {
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
    const counts = Array.from({ length: 20 }, () => 0);
    for (const number of take(createRng(3), 20_000)) counts[Math.floor(number * 20)]! += 1;
    // χ² with 19 degrees of freedom is above 43.8 once in a thousand seeds
    expect(counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(43.8);
  });
});
