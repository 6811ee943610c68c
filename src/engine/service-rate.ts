// How many steps of one network's sequences are run in a millisecond, measured while it has enough to do. Times are in
// milliseconds on any monotonic clock.

const windowMs = 100;
/** Time constants of the two means. The larger of them counts: a short standstill refuses nobody. */
const fastMs = 500;
const slowMs = 5_000;
/** Nothing is foretold from less. */
const leastWindows = 5;

/** How many sequences there are: none, fewer than could use all that the workers can do, or enough. */
export type LoadLevel = 'idle' | 'light' | 'full';

export interface ServiceRate {
  /** Call it when sequences come and go. */
  setLevel(level: LoadLevel): void;
  /** Call it now and then. */
  measure(): void;
  /** Steps a millisecond; null until measured. */
  readonly stepsPerMs: number | null;
}

/** @param stepsRun all steps run so far, as the workers count them */
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
      return windows < leastWindows ? null : Math.max(fast, slow);
    },
    setLevel(next) {
      const began = level === 'idle' && next !== 'idle';
      level = next;
      if (began) restart();
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
        // the first windows count as what is known
        fast += Math.max(1 - Math.exp(-elapsed / fastMs), 1 / windows) * (measured - fast);
        slow += Math.max(1 - Math.exp(-elapsed / slowMs), 1 / windows) * (measured - slow);
      }
      // under a light load the rate is what was asked for, not what is possible: it can only be too low
      else if (windows > 0) fast = Math.max(fast, measured);
      restart();
    },
  };
}
