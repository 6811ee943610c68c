import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

// A lock shared by all threads of the process. V8's flags are global to the process: two threads that
// compiled at once would use each other's flags.

/** [ticket of the holder or 0, last ticket] */
export const createLock = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

/**
 * Runs `run` while no other thread holds the lock; blocks this thread until then.
 * @param staleMs time after which a holder loses the lock: a terminated thread never releases it
 * @param run gets a function that returns whether this thread still holds the lock
 */
export function withLock<T>(lock: Int32Array, staleMs: number, run: (isHolder: () => boolean) => T): T {
  // 0 is no holder
  const ticket = Atomics.add(lock, 1, 1) + 1 || Atomics.add(lock, 1, 1) + 1;
  for (;;) {
    const holder = Atomics.compareExchange(lock, 0, 0, ticket);
    if (holder === 0) break;
    const timedOut = Atomics.wait(lock, 0, holder, staleMs) === 'timed-out';
    if (timedOut && Atomics.compareExchange(lock, 0, holder, ticket) === holder) break;
  }
  try {
    return run(() => Atomics.load(lock, 0) === ticket);
  } finally {
    if (Atomics.compareExchange(lock, 0, ticket, 0) === ticket) Atomics.notify(lock, 0, 1);
  }
}

const key = 'unroll.compile-lock';

/**
 * The lock of this process, which threads inherit from the thread that starts them through environment data.
 */
export function inheritedLock(): Int32Array {
  const inherited = getEnvironmentData(key);
  if (inherited instanceof Int32Array) return inherited;
  const lock = createLock();
  setEnvironmentData(key, lock);
  return lock;
}
