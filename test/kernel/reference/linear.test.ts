import { expect, it } from 'vitest';
import { linear } from '../../../src/kernel/reference/linear.ts';

it('multiplies every row with every unit and adds the bias', () => {
  const weight = [1, 2, 3, 4, 5, 6];
  expect([...linear({ x: [1, 0, 2, -1, 1, 0], weight, bias: [10, 20], units: 2 })]).toEqual([
    10 + 1 + 6,
    20 + 4 + 12,
    10 - 1 + 2,
    20 - 4 + 5,
  ]);
});

it('leaves the bias out when there is none', () => {
  expect([...linear({ x: [3], weight: [2, -2], units: 2 })]).toEqual([6, -6]);
});
