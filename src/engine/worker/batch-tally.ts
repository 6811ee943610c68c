// Batches of one network by how many rows they had, counted by every worker in one shared memory: reading it costs them nothing.

/** Rows of the largest batch; UNROLL_SLOTS allows no more. */
const mostRows = 1024;

export interface BatchCount {
  readonly rows: number;
  readonly count: number;
  readonly ns: number;
}

/** [rows, 2]: how many, and how long they took together in nanoseconds. */
export const createBatchTally = (): SharedArrayBuffer =>
  new SharedArrayBuffer((mostRows + 1) * 2 * BigInt64Array.BYTES_PER_ELEMENT);

export function recordBatch(tally: BigInt64Array, { rows, ms }: { rows: number; ms: number }): void {
  const at = Math.min(rows, mostRows) * 2;
  Atomics.add(tally, at, 1n);
  Atomics.add(tally, at + 1, BigInt(Math.round(ms * 1e6)));
}

/** Those there were, the smallest first. */
export function readBatches(memory: SharedArrayBuffer): BatchCount[] {
  const tally = new BigInt64Array(memory);
  return Array.from({ length: mostRows + 1 }, (_, rows) => ({
    rows,
    count: Number(Atomics.load(tally, rows * 2)),
    ns: Number(Atomics.load(tally, rows * 2 + 1)),
  })).filter(({ count }) => count > 0);
}
