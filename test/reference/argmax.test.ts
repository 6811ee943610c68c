import { expect, it } from 'vitest';
import { argmax } from './argmax.ts';

it('finds the first largest column of each row', () => {
  expect([...argmax([1, 3, 3, -5, -7, -6], 3)]).toEqual([1, 0]);
});

it('passes over NaN, and falls back to column 0', () => {
  expect([...argmax([NaN, -2, NaN, -1, NaN, NaN, NaN, NaN], 4)]).toEqual([3, 0]);
});
