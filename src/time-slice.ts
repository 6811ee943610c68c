import { UnrollError } from './errors.ts';

// Long synchronous work on the main thread is split into slices. The event loop runs between two slices:
// other requests, probes and timers wait for one slice rather than for the whole work.

/** Milliseconds of work in one slice. */
export const sliceMs = 8;

export interface TimeSlice {
  /** Whether the slice has ended: then `await next()`. */
  due(): boolean;
  /**
   * Waits for a turn of the event loop and starts a new slice.
   * @throws UnrollError cancelled if the caller disconnected
   */
  next(): Promise<void>;
}

/** Starts a slice. @param signal aborted when the caller disconnects */
export function createTimeSlice(signal?: AbortSignal): TimeSlice {
  let end = performance.now() + sliceMs;
  return {
    due: () => performance.now() >= end,
    async next() {
      await nextTurn();
      if (signal?.aborted) throw new UnrollError('cancelled', 'the caller disconnected');
      end = performance.now() + sliceMs;
    },
  };
}

const waiting: (() => void)[] = [];

/**
 * Resolves in a later turn of the event loop, for one waiter in each turn: several long requests lengthen a
 * turn by one slice rather than by one slice each.
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
