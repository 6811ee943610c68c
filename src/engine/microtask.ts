/**
 * Returns a function that schedules `run` as a microtask. Calls before it has run are coalesced: what one
 * turn of the event loop submits is handled by one run.
 */
export function createMicrotask(run: () => void): () => void {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      run();
    });
  };
}
