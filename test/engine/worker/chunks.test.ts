import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkSteps } from '../../../src/engine/worker/chunks.ts';

test('advances every row, none beyond its remaining steps, within the budget', () => {
  const rows = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(
      rows,
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 16, max: 600 }),
      (stepsLeft, maxSteps, budget) => {
        const steps = chunkSteps(stepsLeft, maxSteps, budget);
        steps.forEach((count, row) => {
          expect(count).toBeGreaterThanOrEqual(1);
          expect(count).toBeLessThanOrEqual(Math.min(stepsLeft[row]!, maxSteps));
        });
        expect(steps.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(
          Math.max(budget, stepsLeft.length),
        );
      },
    ),
  );
});

test('a single row runs the maximum', () => {
  expect(chunkSteps([1000], 64, 512)).toEqual([64]);
  expect(chunkSteps([40], 64, 512)).toEqual([40]);
});

test('long rows use the budget that short rows leave', () => {
  expect(chunkSteps([1, 1, 100], 64, 34)).toEqual([1, 1, 32]);
});
