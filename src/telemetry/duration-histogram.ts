/** Upper bounds in seconds of the buckets of requests, and of the tokens of a stream. */
export const requestBounds = [
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
  Infinity,
] as const;
export const tokenBounds = [
  0.00002,
  0.00005,
  0.0001,
  0.0002,
  0.0005,
  0.001,
  0.002,
  0.005,
  0.01,
  0.05,
  0.1,
  1,
  Infinity,
] as const;

/** Counts of durations by bucket: plain numbers, which a scrape reads. */
export interface DurationHistogram {
  /** Upper bounds in seconds, the last one Infinity. */
  readonly bounds: readonly number[];
  /** For each bound, the durations up to it and above the one before. */
  readonly counts: number[];
  /** In seconds. */
  sum: number;
}

export const createDurationHistogram = (bounds: readonly number[]): DurationHistogram => ({
  bounds,
  counts: bounds.map(() => 0),
  sum: 0,
});

export function addDuration(histogram: DurationHistogram, ms: number): void {
  const seconds = ms / 1000;
  let bucket = 0;
  while (seconds > histogram.bounds[bucket]!) bucket++;
  histogram.counts[bucket]!++;
  histogram.sum += seconds;
}
