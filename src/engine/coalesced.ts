/**
 * Returns a function that schedules `run` as a microtask. Calls before it has run are coalesced: what one
 * turn of the event loop submits is handled by one run.
 */
export const createMicrotask = (run: () => void): (() => void) => coalesce(queueMicrotask, run);

/** The same after the sockets of this turn of the event loop have been read, which is many microtasks later. */
export const createImmediate = (run: () => void): (() => void) => coalesce(setImmediate, run);

function coalesce(schedule: (run: () => void) => void, run: () => void): () => void {
  let scheduled = false;
  const runOnce = (): void => {
    scheduled = false;
    run();
  };
  return () => {
    if (scheduled) return;
    scheduled = true;
    schedule(runOnce);
  };
}
