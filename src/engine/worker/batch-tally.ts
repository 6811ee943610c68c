// Counts of one network's batches by their number of rows. All workers count in the same shared memory, so
// that the main thread reads them without a message.

/** Rows of the largest batch: the maximum of UNROLL_SLOTS. */
const maxRows = 1024;

/** The batches with one number of rows. */
export interface BatchCount {
  readonly rows: number;
  readonly count: number;
  /** Total nanoseconds. */
  readonly ns: number;
}

/** BigInt64 [rows, 2]: the number of batches and their total nanoseconds. */
export const createBatchTally = (): SharedArrayBuffer =>
  new SharedArrayBuffer((maxRows + 1) * 2 * BigInt64Array.BYTES_PER_ELEMENT);

/** Counts one batch. */
export function recordBatch(tally: BigInt64Array, { rows, ms }: { rows: number; ms: number }): void {
  const at = Math.min(rows, maxRows) * 2;
  Atomics.add(tally, at, 1n);
  Atomics.add(tally, at + 1, BigInt(Math.round(ms * 1e6)));
}

/** The counts that are not 0, in ascending order of rows. */
export function readBatches(memory: SharedArrayBuffer): BatchCount[] {
  const tally = new BigInt64Array(memory);
  return Array.from({ length: maxRows + 1 }, (_, rows) => ({
    rows,
    count: Number(Atomics.load(tally, rows * 2)),
    ns: Number(Atomics.load(tally, rows * 2 + 1)),
  })).filter(({ count }) => count > 0);
}
