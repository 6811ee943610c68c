import { expect, it } from 'vitest';
import { warmUpCosine } from '../../src/training/schedule.ts';

it('rises in a line, then falls in half a cosine to its floor', () => {
  const rate = (progress: number): number => warmUpCosine(progress, { peak: 1, floor: 0.2, warmUp: 0.1 });
  expect([0, 0.05, 0.1, 0.55, 1].map((progress) => Number(rate(progress).toFixed(6)))).toEqual([
    0, 0.5, 1, 0.6, 0.2,
  ]);
});
