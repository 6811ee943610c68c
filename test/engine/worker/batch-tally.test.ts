import { expect, it } from 'vitest';
import { readBatches, createBatchTally, recordBatch } from '../../../src/engine/worker/batch-tally.ts';

it('counts batches of all workers by their rows', () => {
  const memory = createBatchTally();
  const workers = [new BigInt64Array(memory), new BigInt64Array(memory)];
  for (const [i, rows] of [3, 1, 3, 32, 3].entries()) recordBatch(workers[i % 2]!, { rows, ms: 0.25 * rows });
  expect(readBatches(memory)).toEqual([
    { rows: 1, count: 1, ns: 250_000 },
    { rows: 3, count: 3, ns: 2_250_000 },
    { rows: 32, count: 1, ns: 8_000_000 },
  ]);
});

it('counts batches above the maximum rows with the largest', () => {
  const memory = createBatchTally();
  for (const rows of [1024, 5000]) recordBatch(new BigInt64Array(memory), { rows, ms: 1 });
  expect(readBatches(memory)).toEqual([{ rows: 1024, count: 2, ns: 2_000_000 }]);
});
