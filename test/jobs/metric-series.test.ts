import fc from 'fast-check';
import { expect, it } from 'vitest';
import { downsample, readSeries } from '../../src/jobs/metric-series.ts';
import { makeEvent, memoryStore } from './fixtures.ts';

it('has a metric over the steps, without what was not measured', async () => {
  const store = memoryStore();
  for (const [step, data] of [
    [1, { train_loss: 3, validation_loss: 4 }],
    [2, { train_loss: 2 }],
    [3, { train_loss: 1, validation_loss: 2, note: 'text' }],
  ] as const)
    await store.addEvent(makeEvent('j', 'measured', { type: 'metrics', step, data }));
  await store.addEvent(makeEvent('j', 'said', { step: 3, data: { validation_loss: 9 } }));
  expect(await readSeries(store, 'j', 'validation_loss', 10)).toEqual({
    metric: 'validation_loss',
    points: [
      { step: 1, value: 4 },
      { step: 3, value: 2 },
    ],
    measured: 2,
    metrics: ['train_loss', 'validation_loss'],
  });
  expect((await readSeries(store, 'j', 'none', 10)).points).toEqual([]);
});

it('reads more events than a page has', async () => {
  const store = memoryStore();
  for (let step = 1; step <= 2500; step++)
    await store.addEvent(makeEvent('j', '', { type: 'metrics', step, data: { loss: step % 7 } }));
  const { points, measured } = await readSeries(store, 'j', 'loss', 100);
  expect([measured, points[0]!.step, points.at(-1)!.step]).toEqual([2500, 1, 2500]);
  expect(points.length).toBeLessThanOrEqual(100);
});

it('downsamples to the limit, in order, and keeps the ends, the lowest and the highest point', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 300 }),
      fc.integer({ min: 4, max: 50 }),
      (values, limit) => {
        const points = values.map((value, step) => ({ step, value }));
        const kept = downsample(points, limit);
        expect(kept.length).toBeLessThanOrEqual(Math.max(limit, 0));
        expect(kept.map(({ step }) => step)).toEqual(kept.map(({ step }) => step).toSorted((a, b) => a - b));
        if (points.length === 0) return;
        expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
        const extremes = (list: readonly { value: number }[]) => [
          Math.min(...list.map(({ value }) => value)),
          Math.max(...list.map(({ value }) => value)),
        ];
        expect(extremes(kept)).toEqual(extremes(points));
      },
    ),
  );
});
