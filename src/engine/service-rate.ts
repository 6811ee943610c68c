// The service rate of one network: steps run per millisecond, measured while it has enough sequences. Times
// are in milliseconds on any monotonic clock.

const windowMs = 100;
/** Time constants of two exponential means. The larger mean is used: a short pause rejects no sequence. */
const fastMs = 500;
const slowMs = 5_000;
/** The rate is not known before this many windows. */
const minWindows = 5;

/** Number of sequences: none, fewer than the workers need to be fully used, or enough. */
export type LoadLevel = 'idle' | 'light' | 'full';

export interface ServiceRate {
  /** Sets the load; call it when a sequence is added or removed. */
  setLevel(level: LoadLevel): void;
  /** Updates the means; call it regularly. */
  measure(): void;
  /** Steps per millisecond; null until measured. */
  readonly stepsPerMs: number | null;
}

/** @param now a monotonic clock in milliseconds @param stepsRun total steps that the workers have run */
export function createServiceRate(now: () => number, stepsRun: () => number): ServiceRate {
  let fast = 0;
  let slow = 0;
  let windows = 0;
  let level: LoadLevel = 'idle';
  let windowStart = 0;
  let stepsBefore = 0;
  let wasFull = false;

  function restart(): void {
    windowStart = now();
    stepsBefore = stepsRun();
    wasFull = level === 'full';
  }

  return {
    get stepsPerMs() {
      return windows < minWindows ? null : Math.max(fast, slow);
    },
    setLevel(next) {
      const starts = level === 'idle' && next !== 'idle';
      level = next;
      if (starts) restart();
      if (level !== 'full') wasFull = false;
    },
    measure() {
      const elapsed = now() - windowStart;
      if (elapsed < windowMs || level === 'idle') return;
      const steps = stepsRun() - stepsBefore;
      // a batch that takes longer than a window is counted at its end
      if (steps === 0) return;
      const measured = steps / elapsed;
      if (wasFull) {
        windows++;
        // the first windows are averaged equally
        fast += Math.max(1 - Math.exp(-elapsed / fastMs), 1 / windows) * (measured - fast);
        slow += Math.max(1 - Math.exp(-elapsed / slowMs), 1 / windows) * (measured - slow);
      }
      // under a light load the rate is limited by the requests: it can only be too low
      else if (windows > 0) fast = Math.max(fast, measured);
      restart();
    },
  };
}
