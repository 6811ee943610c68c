import {
  addDuration,
  createDurationHistogram,
  requestBounds,
  type DurationHistogram,
} from '../telemetry/duration-histogram.ts';

/** Counts of sessions since the start of the server, which a scrape reads. */
export interface SessionTally {
  created: number;
  readonly ended: { deleted: number; expired: number; evicted: number };
  /** Calls whose write was refused, since another server had taken the session over. */
  leaseConflicts: number;
  /** Of writes to disk, each of one session or of many. */
  readonly snapshot: DurationHistogram;
  /** Of sessions that were brought back from disk. */
  readonly restore: DurationHistogram;
}

export const createSessionTally = (): SessionTally => ({
  created: 0,
  leaseConflicts: 0,
  ended: { deleted: 0, expired: 0, evicted: 0 },
  snapshot: createDurationHistogram(requestBounds),
  restore: createDurationHistogram(requestBounds),
});

/** Adds the time of work that succeeds. */
export async function timed<T>(histogram: DurationHistogram, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  const result = await work();
  addDuration(histogram, performance.now() - begin);
  return result;
}
