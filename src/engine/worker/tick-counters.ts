// Counters of one worker in shared memory, which the main thread reads without a message.

/** Upper bounds of the histogram of ticks by rows. */
export const rowBuckets = [1, 2, 4, 8, 16, 32, 64, 128, Infinity] as const;

const ticks = 0;
const rows = 1;
const steps = 2;
const busyMs = 3;
const padding = 4;
const sequences = 5;
const firstBucket = 6;
const length = firstBucket + rowBuckets.length;

export interface TickCounts {
  readonly ticks: number;
  /** Sum over ticks of the rows that advanced. */
  readonly rows: number;
  readonly steps: number;
  /** (row, step) pairs that were run without a sequence. */
  readonly padding: number;
  readonly busyMs: number;
  /** Sequences that the workers have now, in slots and in their queues. */
  readonly workerSequences: number;
  /** Ticks in each of `rowBuckets`. */
  readonly byRows: readonly number[];
}

/** Counts of one tick of a batcher. */
export interface TickResult {
  readonly rows: number;
  readonly steps: number;
  readonly padding: number;
  /** Steps of sequences: a step of a search with several rows counts once. */
  readonly sequenceSteps: number;
  readonly ms: number;
}

export const createCounters = (): SharedArrayBuffer => new SharedArrayBuffer(length * 8);

export function countTick(counters: Float64Array, tick: TickResult): void {
  counters[ticks]! += 1;
  counters[rows]! += tick.rows;
  counters[steps]! += tick.steps;
  counters[padding]! += tick.padding;
  counters[busyMs]! += tick.ms;
  counters[firstBucket + rowBuckets.findIndex((bound) => tick.rows <= bound)]! += 1;
}

export function countSequences(counters: Float64Array, count: number): void {
  counters[sequences] = count;
}

/** Sums the counters of all workers. */
export function sumCounters(all: readonly SharedArrayBuffer[]): TickCounts {
  const sum = new Float64Array(length);
  for (const counters of all) new Float64Array(counters).forEach((value, index) => (sum[index]! += value));
  return {
    ticks: sum[ticks]!,
    rows: sum[rows]!,
    steps: sum[steps]!,
    padding: sum[padding]!,
    busyMs: sum[busyMs]!,
    workerSequences: sum[sequences]!,
    byRows: [...sum.subarray(firstBucket)],
  };
}
