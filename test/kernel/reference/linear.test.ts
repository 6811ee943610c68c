import { expect, it } from 'vitest';
import { linear } from '../../../src/kernel/reference/linear.ts';

it('multiplies the row with every unit and adds the bias', () => {
  const weight = [1, 2, 3, 4, 5, 6];
  expect([...linear(weight, [1, 0, 2], [10, 20])]).toEqual([10 + 1 + 6, 20 + 4 + 12]);
});
