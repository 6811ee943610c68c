import fc from 'fast-check';
import { expect, test } from 'vitest';
import { takeWhole } from '../../../src/engine/worker/take-whole.ts';

const waiting = (...steps: number[]) => steps.map((count) => ({ steps: count, passedOver: 0 }));
const lengths = (taken: readonly { steps: number }[]): number[] => taken.map(({ steps }) => steps);

test('short sequences run before a long one that came earlier', () => {
  const queue = waiting(500, 20, 30);
  expect(lengths(takeWhole(queue, { rows: 8, steps: 100, mustTake: true }))).toEqual([20, 30]);
  expect(lengths(queue)).toEqual([500]);
});

test('a sequence longer than a tick runs alone, where nothing else runs', () => {
  expect(takeWhole(waiting(500), { rows: 8, steps: 100, mustTake: false })).toEqual([]);
  expect(lengths(takeWhole(waiting(500), { rows: 8, steps: 100, mustTake: true }))).toEqual([500]);
});

test('a long sequence is passed over a few times only, however many short ones arrive', () => {
  const queue = waiting(500);
  let ticks = 0;
  for (;;) {
    queue.push(...waiting(10, 10));
    ticks++;
    if (lengths(takeWhole(queue, { rows: 8, steps: 100, mustTake: true })).includes(500)) break;
  }
  expect(ticks).toBe(5);
});

test('every sequence is taken once, in time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 400 }),
      (given, rows, steps) => {
        const queue = waiting(...given);
        const all = [...queue];
        const taken = [];
        while (queue.length > 0) {
          const tick = takeWhole(queue, { rows, steps, mustTake: true });
          expect(tick.length).toBeGreaterThan(0);
          expect(tick.length).toBeLessThanOrEqual(rows);
          taken.push(...tick);
        }
        expect(new Set(taken)).toEqual(new Set(all));
        expect(taken.length).toBe(all.length);
      },
    ),
  );
});
