/** Repeats work every so many milliseconds, one at a time. @returns stops it */
export function repeat(
  ms: number,
  work: () => Promise<void>,
  onProblem: (error: unknown) => void,
): () => void {
  let running = false;
  const timer = setInterval(() => {
    if (running) return;
    running = true;
    void work()
      .catch(onProblem)
      .finally(() => (running = false));
  }, ms).unref();
  return () => clearInterval(timer);
}
