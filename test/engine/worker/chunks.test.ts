import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkSteps } from '../../../src/engine/worker/chunks.ts';

test('every row advances, none past what it has, and the tick keeps its budget', () => {
  const rows = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(
      rows,
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 16, max: 600 }),
      (left, longest, budget) => {
        const steps = chunkSteps(left, longest, budget);
        steps.forEach((count, row) => {
          expect(count).toBeGreaterThanOrEqual(1);
          expect(count).toBeLessThanOrEqual(Math.min(left[row]!, longest));
        });
        expect(steps.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(Math.max(budget, left.length));
      },
    ),
  );
});

test('a row alone takes all it may', () => {
  expect(chunkSteps([1000], 64, 512)).toEqual([64]);
  expect(chunkSteps([40], 64, 512)).toEqual([40]);
});

test('short rows leave their share to long ones', () => {
  expect(chunkSteps([1, 1, 100], 64, 34)).toEqual([1, 1, 32]);
});
