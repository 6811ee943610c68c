import { expect, it } from 'vitest';
import { runningPool } from '../../../src/network/layers/pool/pool.ts';

it('computes the last, mean or maximum of the steps up to each step', () => {
  const x = [
    [1, -4],
    [3, -8],
    [-1, -3],
  ];
  const pooled = (mode: 'last' | 'mean' | 'max'): number[][] =>
    runningPool(
      x.map((row) => Float64Array.from(row)),
      mode,
    ).map((row) => [...row]);
  expect(pooled('last')).toEqual(x);
  expect(pooled('mean')).toEqual([
    [1, -4],
    [2, -6],
    [1, -5],
  ]);
  expect(pooled('max')).toEqual([
    [1, -4],
    [3, -4],
    [3, -3],
  ]);
});
