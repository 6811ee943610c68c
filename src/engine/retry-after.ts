// When a caller that was turned away should come back: when those ahead will have run, by what runs took of late.

const weight = 0.05;
const atMostSeconds = 60;

export interface RetryAfter {
  /** A sequence has ended after so long in slots. */
  ended(runMs: number): void;
  /** @returns whole seconds, 1 to 60, until `ahead` sequences have gone through `slots` slots */
  seconds(ahead: number, slots: number): number;
}

export function createRetryAfter(): RetryAfter {
  let mean = 0;
  return {
    ended(runMs) {
      mean += weight * (runMs - mean);
    },
    seconds: (ahead, slots) => Math.min(atMostSeconds, Math.max(1, Math.ceil((ahead * mean) / slots / 1000))),
  };
}
