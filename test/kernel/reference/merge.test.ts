import { expect, it } from 'vitest';
import { concat, merge } from '../../../src/kernel/reference/merge.ts';

const a = [1, 2, 3, 4];
const b = [10, 20, 30, 40];

it('joins two sequences element by element', () => {
  expect([...merge('sum', a, b, 2, 2)]).toEqual([11, 22, 33, 44]);
  expect([...merge('mul', a, b, 2, 2)]).toEqual([10, 40, 90, 160]);
  expect([...merge('ave', a, b, 2, 2)]).toEqual([5.5, 11, 16.5, 22]);
});

it('concatenates each step, not the sequences', () => {
  expect([...merge('concat', a, b, 2, 2)]).toEqual([1, 2, 10, 20, 3, 4, 30, 40]);
  expect([...concat([a, [7, 8]], [2, 1])]).toEqual([1, 2, 7, 3, 4, 8]);
});
