import { expect, test } from 'vitest';
import {
  countTick,
  createCounters,
  rowBuckets,
  sumCounters,
} from '../../../src/engine/worker/tick-counters.ts';

test('sums ticks over workers and counts them by rows', () => {
  const workers = [createCounters(), createCounters()];
  const [first, second] = workers.map((counters) => new Float64Array(counters));
  countTick(first!, { rows: 1, steps: 5, padding: 0, sequenceSteps: 0, ms: 0.5 });
  countTick(first!, { rows: 3, steps: 9, padding: 0, sequenceSteps: 0, ms: 1 });
  countTick(second!, { rows: 500, steps: 500, padding: 0, sequenceSteps: 0, ms: 2 });
  const counts = sumCounters(workers);
  expect(counts).toMatchObject({ ticks: 3, rows: 504, steps: 514, busyMs: 3.5 });
  const filled = counts.byRows.flatMap((ticks, bucket) => (ticks > 0 ? [[rowBuckets[bucket], ticks]] : []));
  expect(filled).toEqual([[1, 1], [4, 1], [Infinity, 1]]); // prettier-ignore
});
