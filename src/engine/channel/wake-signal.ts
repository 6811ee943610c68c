// Sleeping and waking across threads. A bell is two words of shared memory: how often it rang, and whether its owner
// sleeps. The owner reads the count, looks for work, and sleeps only if the count is still the same: a ring that comes
// between looking and sleeping changes the count, so it is never missed.

const rings = 0;
const asleep = 1;

export const wakeSignalBytes = 8;

/** Wakes the owner, if it sleeps. The count moves before the flag is read; the owner does it the other way round. */
export function notify(bell: Int32Array): void {
  Atomics.add(bell, rings, 1);
  if (Atomics.load(bell, asleep) === 1) Atomics.notify(bell, rings);
}

/** What to hand to a later sleep; read it before looking for work. */
export const readVersion = (bell: Int32Array): number => Atomics.load(bell, rings);

/** Blocks a worker thread until a ring that `seen` does not count. */
export function wait(bell: Int32Array, seen: number): void {
  Atomics.store(bell, asleep, 1);
  Atomics.wait(bell, rings, seen);
  Atomics.store(bell, asleep, 0);
}

/** The same for the main thread, which must not block. Always lets the event loop turn. */
export async function waitAsync(bell: Int32Array, seen: number): Promise<void> {
  Atomics.store(bell, asleep, 1);
  const waiting = Atomics.waitAsync(bell, rings, seen);
  if (waiting.async) await waiting.value;
  else await new Promise((resolve) => setImmediate(resolve));
  Atomics.store(bell, asleep, 0);
}
