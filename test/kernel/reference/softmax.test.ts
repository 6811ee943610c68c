import { expect, it } from 'vitest';
import { logSoftmax, softmax } from '../../../src/kernel/reference/softmax.ts';

it('normalises the exponentials of a row', () => {
  const weights = softmax([Math.log(1), Math.log(3), Math.log(4)]);
  [1 / 8, 3 / 8, 4 / 8].forEach((expected, k) => expect(weights[k]).toBeCloseTo(expected, 15));
});

it('stays finite for large values', () => {
  softmax([1000, 1000]).forEach((weight) => expect(weight).toBeCloseTo(0.5, 12));
  expect([...softmax([0, -2000])]).toEqual([1, 0]);
  expect([...logSoftmax([0, -2000])]).toEqual([0, -2000]);
});

it('log softmax is the logarithm of softmax', () => {
  const x = [0.3, -1.2, 2.5, 0];
  const total = x.reduce((sum, value) => sum + Math.exp(value), 0);
  logSoftmax(x).forEach((log, k) => expect(log).toBeCloseTo(Math.log(Math.exp(x[k]!) / total), 14));
});

it('gives a −∞ column no weight, and NaN for a row with a NaN', () => {
  expect([...softmax([0, -Infinity])]).toEqual([1, 0]);
  expect([...softmax([0, NaN])]).toEqual([NaN, NaN]);
});
