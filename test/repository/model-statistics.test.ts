import { expect, it } from 'vitest';
import { recordBatch } from '../../src/engine/worker/batch-tally.ts';
import { createModelStatistics } from '../../src/repository/model-statistics.ts';

it('starts at zero', () => {
  const none = { count: 0, ms: 0 };
  expect(createModelStatistics().report()).toEqual({
    lastRequestAt: 0,
    success: none,
    fail: none,
    queue: none,
    run: none,
    input: none,
    output: none,
    batches: [],
  });
});

it('sums requests, sequences and batches', () => {
  const statistics = createModelStatistics();
  const before = Date.now();
  const [first, second, third] = [
    statistics.startRequest(),
    statistics.startRequest(),
    statistics.startRequest(),
  ];
  first(true);
  second(false);
  third(true);
  statistics.onSequenceEnd({ queuedMs: 1, runMs: 10, steps: 3 });
  statistics.onSequenceEnd({ queuedMs: 2, runMs: 20, steps: 3 });
  statistics.recordTensors(0.5, 0.25);
  recordBatch(new BigInt64Array(statistics.batches), { rows: 2, ms: 3 });
  const report = statistics.report();
  expect(report).toMatchObject({
    success: { count: 2 },
    fail: { count: 1 },
    queue: { count: 2, ms: 3 },
    run: { count: 2, ms: 30 },
    input: { count: 1, ms: 0.5 },
    output: { count: 1, ms: 0.25 },
    batches: [{ rows: 2, count: 1, ns: 3_000_000 }],
  });
  expect(report.lastRequestAt).toBeGreaterThanOrEqual(before);
  expect(report.success.ms).toBeGreaterThan(0);
});

it('counts durations by bucket, the steps, and the events of streams', () => {
  const { usage, onSequenceEnd, recordEvent } = createModelStatistics();
  onSequenceEnd({ queuedMs: 0.5, runMs: 10, steps: 3 });
  onSequenceEnd({ queuedMs: 0.6, runMs: 10, steps: 4 });
  onSequenceEnd({ queuedMs: 60_000, runMs: 10, steps: 5 });
  recordEvent(30, true);
  recordEvent(0.01, false);
  recordEvent(2000, false);
  expect(usage.steps.count).toBe(12);
  expect(usage.queue.counts.slice(0, 3)).toEqual([1, 1, 0]);
  expect(usage.queue.counts.at(-1)).toBe(1);
  expect(usage.queue.sum).toBeCloseTo(60.0011);
  expect(usage.firstEvent.sum).toBeCloseTo(0.03);
  expect([usage.nextEvent.counts[0], usage.nextEvent.counts.at(-1)]).toEqual([1, 1]);
});

it('reports are snapshots', () => {
  const statistics = createModelStatistics();
  const report = statistics.report();
  statistics.startRequest()(true);
  expect(report.success.count).toBe(0);
});
