import { expect, it } from 'vitest';
import { embedding } from '../../../src/kernel/reference/embedding.ts';

it('looks up the row of each id in order', () => {
  const weight = [0, 1, 10, 11, 20, 21];
  expect(embedding(weight, [2, 0, 2], 2).map((row) => [...row])).toEqual([
    [20, 21],
    [0, 1],
    [20, 21],
  ]);
});
