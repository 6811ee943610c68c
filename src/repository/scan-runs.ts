/**
 * Runs a scan at most once at a time. A call during a run gets the result of the next one, as the current run may have missed
 * what has changed since it began.
 */
export function createScanRuns<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  let next: Promise<T> | null = null;

  function start(): Promise<T> {
    const started = run().finally(() => (running = null));
    running = started;
    return started;
  }
  const startNext = (): Promise<T> => {
    next = null;
    return start();
  };
  return () => {
    if (!running) return start();
    next ??= running.then(startNext, startNext);
    return next;
  };
}
