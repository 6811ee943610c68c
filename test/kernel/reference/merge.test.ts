import { expect, it } from 'vitest';
import { merge } from '../../../src/kernel/reference/merge.ts';

it('merges the two directions of a step', () => {
  const merged = (mode: Parameters<typeof merge>[2]): number[] => [
    ...merge(Float64Array.of(1, 2), Float64Array.of(10, 20), mode),
  ];
  expect(merged('sum')).toEqual([11, 22]);
  expect(merged('mul')).toEqual([10, 40]);
  expect(merged('ave')).toEqual([5.5, 11]);
  expect(merged('concat')).toEqual([1, 2, 10, 20]);
});
