import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

// A lock that all threads of the process share. V8's flags belong to the process: two threads that compile at once would
// compile with each other's.

/** [ticket of the holder or 0, last ticket] */
export const createLock = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

/**
 * Runs `run` while no other thread holds the lock; blocks this thread until then.
 * @param staleMs after which a holder counts as dead (a thread that is terminated releases nothing) and loses the lock
 * @param run is given a function that tells whether the lock is still this thread's
 */
export function withLock<T>(lock: Int32Array, staleMs: number, run: (isHolder: () => boolean) => T): T {
  // 0 stands for nobody
  const ticket = Atomics.add(lock, 1, 1) + 1 || Atomics.add(lock, 1, 1) + 1;
  for (;;) {
    const holder = Atomics.compareExchange(lock, 0, 0, ticket);
    if (holder === 0) break;
    const silent = Atomics.wait(lock, 0, holder, staleMs) === 'timed-out';
    if (silent && Atomics.compareExchange(lock, 0, holder, ticket) === holder) break;
  }
  try {
    return run(() => Atomics.load(lock, 0) === ticket);
  } finally {
    if (Atomics.compareExchange(lock, 0, ticket, 0) === ticket) Atomics.notify(lock, 0, 1);
  }
}

const key = 'unroll.compile-lock';

/** The lock of this process: threads inherit it from the thread that starts them, whatever their own data is. */
export function inheritedLock(): Int32Array {
  const inherited = getEnvironmentData(key);
  if (inherited instanceof Int32Array) return inherited;
  const lock = createLock();
  setEnvironmentData(key, lock);
  return lock;
}
