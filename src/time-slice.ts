import { UnrollError } from './errors.ts';

// Long synchronous work on the main thread is cut into slices. Between two slices the event loop runs: other requests,
// probes and timers wait for one slice, not for the whole work.

/** Milliseconds of work before the event loop gets its turn. */
const sliceMs = 8;

export interface TimeSlice {
  /** True once the slice is used up: then `await next()`. */
  due(): boolean;
  /** Waits for a turn of the event loop and begins a new slice. @throws UnrollError cancelled once the caller has gone */
  next(): Promise<void>;
}

/** @param signal of the caller for whom the work is done */
export function createTimeSlice(signal?: AbortSignal): TimeSlice {
  let end = performance.now() + sliceMs;
  return {
    due: () => performance.now() >= end,
    async next() {
      await nextTurn();
      if (signal?.aborted) throw new UnrollError('cancelled', 'the caller went away');
      end = performance.now() + sliceMs;
    },
  };
}

const waiting: (() => void)[] = [];

/**
 * Resolves in a later turn of the event loop, for one waiter a turn: many long requests at once lengthen a turn by one
 * slice, not by one slice each.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(resumeFirst);
  });
}

function resumeFirst(): void {
  const resolve = waiting.shift();
  if (waiting.length > 0) setImmediate(resumeFirst);
  resolve?.();
}
