// Sleeping and waking across threads. A wake signal is two words of shared memory: a version that every
// notification increments, and a flag that its owner waits. The owner reads the version, looks for work, and
// waits only while the version is unchanged: a notification between looking and waiting changes the version,
// so it is never missed.

const versionWord = 0;
const waitingWord = 1;

export const wakeSignalBytes = 8;

/**
 * Wakes the owner if it waits. Writes the version, then reads the flag; the owner does it in the opposite
 * order.
 */
export function notify(signal: Int32Array): void {
  Atomics.add(signal, versionWord, 1);
  if (Atomics.load(signal, waitingWord) === 1) Atomics.notify(signal, versionWord);
}

/** The version to pass to a later wait; read it before looking for work. */
export const readVersion = (signal: Int32Array): number => Atomics.load(signal, versionWord);

/** Blocks a worker thread until the version differs from `version`. */
export function wait(signal: Int32Array, version: number): void {
  Atomics.store(signal, waitingWord, 1);
  Atomics.wait(signal, versionWord, version);
  Atomics.store(signal, waitingWord, 0);
}

/** Waits without blocking, for the main thread. Always lets the event loop run once. */
export async function waitAsync(signal: Int32Array, version: number): Promise<void> {
  Atomics.store(signal, waitingWord, 1);
  const waiting = Atomics.waitAsync(signal, versionWord, version);
  if (waiting.async) await waiting.value;
  else await new Promise((resolve) => setImmediate(resolve));
  Atomics.store(signal, waitingWord, 0);
}
