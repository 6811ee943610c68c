import { expect, it } from 'vitest';
import { logSoftmax, softmax } from '../../../src/kernel/reference/softmax.ts';

it('weighs a row by its exponentials', () => {
  const weights = softmax([Math.log(1), Math.log(3), Math.log(4)], 3);
  [1 / 8, 3 / 8, 4 / 8].forEach((expected, k) => expect(weights[k]).toBeCloseTo(expected, 15));
});

it('takes each row by itself', () => {
  expect([...softmax([0, 0, 5, 5], 2)]).toEqual([0.5, 0.5, 0.5, 0.5]);
});

it('stays finite for large values', () => {
  expect([...softmax([1000, 1000], 2)]).toEqual([0.5, 0.5]);
  expect([...softmax([0, -2000], 2)]).toEqual([1, 0]);
  expect([...logSoftmax([0, -2000], 2)]).toEqual([0, -2000]);
});

it('log softmax is the logarithm of softmax', () => {
  const x = [0.3, -1.2, 2.5, 0];
  const logs = logSoftmax(x, 4);
  softmax(x, 4).forEach((weight, k) => expect(logs[k]).toBeCloseTo(Math.log(weight), 14));
});

it('gives a −∞ column no weight, and NaN for a row with a NaN', () => {
  expect([...softmax([0, -Infinity], 2)]).toEqual([1, 0]);
  expect([...softmax([0, NaN], 2)]).toEqual([NaN, NaN]);
});
