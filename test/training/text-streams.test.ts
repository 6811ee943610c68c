import { describe, expect, it } from 'vitest';
import { textStreams } from '../../src/training/text-streams.ts';

const counting = Int32Array.from({ length: 23 }, (_, i) => i);

describe('text streams', () => {
  const batches = [...textStreams(counting, { rows: 2, steps: 5 })];

  it('read parts of the text side by side, each batch going on where the last ended', () => {
    expect(batches.map(({ ids }) => [...ids])).toEqual([
      [0, 11, 1, 12, 2, 13, 3, 14, 4, 15],
      [5, 16, 6, 17, 7, 18, 8, 19, 9, 20],
    ]);
  });

  it('ask for the next id at every step', () => {
    for (const { ids, targets } of batches)
      expect([...targets.classes]).toEqual([...ids].map((id) => id + 1));
  });

  it('weigh steps so that the loss is a mean', () => {
    for (const { targets } of batches)
      expect(targets.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
  });

  it('give nothing for a text that does not fill a batch', () => {
    expect([...textStreams(counting, { rows: 5, steps: 5 })]).toEqual([]);
  });
});
