// How many steps of one network's sequences are run in a millisecond, measured while it has enough to do. Times are in
// milliseconds on any monotonic clock.

const windowMs = 100;
const windowWeight = 0.2;
/** Nothing is foretold from less. */
const leastWindows = 3;

/** How many sequences there are: none, fewer than could use all that the workers can do, or enough. */
export type LoadLevel = 'idle' | 'light' | 'full';

export interface ServiceRate {
  /** Counts steps that were run. */
  progress(steps: number): void;
  /** Call it when sequences come and go. */
  setLevel(level: LoadLevel, now: number): void;
  /** Call it when all that has arrived from the workers is counted. */
  measure(now: number): void;
  /** Steps a millisecond; null until measured. */
  readonly stepsPerMs: number | null;
}

export function createServiceRate(): ServiceRate {
  let rate = 0;
  let windows = 0;
  let level: LoadLevel = 'idle';
  let windowStart = 0;
  let windowSteps = 0;
  let wasFull = false;

  function restart(now: number): void {
    windowStart = now;
    windowSteps = 0;
    wasFull = level === 'full';
  }

  return {
    get stepsPerMs() {
      return windows < leastWindows ? null : rate;
    },
    progress(steps) {
      windowSteps += steps;
    },
    setLevel(next, now) {
      const began = level === 'idle' && next !== 'idle';
      level = next;
      if (began) restart(now);
      if (level !== 'full') wasFull = false;
    },
    measure(now) {
      const elapsed = now - windowStart;
      // sequences whose steps are only counted at their end make windows as long as they take
      if (elapsed < windowMs || windowSteps === 0) return;
      const measured = windowSteps / elapsed;
      if (wasFull) {
        // a long window counts as several, and the first ones as what is known
        const weight = Math.max(1 - (1 - windowWeight) ** (elapsed / windowMs), 1 / ++windows);
        rate += weight * (measured - rate);
      }
      // under a light load the rate is what was asked for, not what is possible: it can only be too low
      else if (windows > 0) rate = Math.max(rate, measured);
      restart(now);
    },
  };
}
