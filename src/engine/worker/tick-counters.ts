// What a worker has done, counted in shared memory: reading it costs the worker nothing.

/** Upper bounds of the buckets that ticks are sorted into by their rows. */
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
  /** Rows that advanced, summed over ticks. */
  readonly rows: number;
  readonly steps: number;
  /** Row-steps that were run beyond those asked for. */
  readonly padding: number;
  readonly busyMs: number;
  /** Sequences that the workers have now, in slots and next in line for one. */
  readonly workerSequences: number;
  /** Ticks in each of `rowBuckets`. */
  readonly byRows: readonly number[];
}

/** What one tick of a batcher ran. */
export interface TickResult {
  readonly rows: number;
  readonly steps: number;
  readonly padding: number;
  /** Steps of sequences: where a search has several rows, a step of it is one. */
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

export function countSequences(counters: Float64Array, held: number): void {
  counters[sequences] = held;
}

/** The sums over workers. */
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
