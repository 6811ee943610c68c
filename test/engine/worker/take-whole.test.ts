import fc from 'fast-check';
import { expect, test } from 'vitest';
import { takeWhole, type WholeLimits } from '../../../src/engine/worker/take-whole.ts';

const waiting = (...steps: number[]) => steps.map((count) => ({ steps: count, passedOver: 0 }));
const lengths = (taken: readonly { steps: number }[]): number[] => taken.map(({ steps }) => steps);
const limits = (changed: Partial<WholeLimits> = {}): WholeLimits => ({
  rows: 8,
  steps: 100,
  stepsOfFewRows: 100,
  mustTake: true,
  dueFirst: true,
  ...changed,
});

test('short sequences run before a long one that came earlier', () => {
  const queue = waiting(500, 20, 30);
  expect(lengths(takeWhole(queue, limits()))).toEqual([20, 30]);
  expect(lengths(queue)).toEqual([500]);
});

test('a sequence longer than a tick runs alone, where nothing else runs', () => {
  expect(takeWhole(waiting(500), limits({ mustTake: false }))).toEqual([]);
  expect(lengths(takeWhole(waiting(500), limits()))).toEqual([500]);
});

test('a tick of few rows may have more steps', () => {
  const given = [60, 60, 60, 60, 60, 60, 60, 60];
  const take = (stepsOfFewRows: number): number =>
    takeWhole(waiting(...given), limits({ stepsOfFewRows })).length;
  expect([100, 250, 10_000].map(take)).toEqual([1, 4, 6]);
});

test('a long sequence is passed over a few times only, however many short ones arrive', () => {
  const queue = waiting(500);
  let ticks = 0;
  for (;;) {
    queue.push(...waiting(10, 10));
    ticks++;
    if (lengths(takeWhole(queue, limits({ dueFirst: ticks % 2 === 1 }))).includes(500)) break;
  }
  expect(ticks).toBe(5);
});

test('the oldest of those that are due runs with the ones of the most similar lengths', () => {
  const queue = waiting(200, 300, 10, 180, 20, 230);
  for (const one of queue.slice(0, 2)) one.passedOver = 4;
  expect(lengths(takeWhole(queue, limits({ steps: 650 })))).toEqual([200, 180, 230]);
  expect(lengths(queue)).toEqual([300, 10, 20]);
});

test('short sequences run between those that are due', () => {
  const queue = waiting(200, 10, 20);
  queue[0]!.passedOver = 4;
  expect(lengths(takeWhole(queue, limits({ dueFirst: false })))).toEqual([10, 20]);
});

test('every sequence is taken once, in time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 800 }),
      (given, rows, steps, stepsOfFewRows) => {
        const queue = waiting(...given);
        const all = [...queue];
        const taken = [];
        while (queue.length > 0) {
          const tick = takeWhole(queue, limits({ rows, steps, stepsOfFewRows }));
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
