/** Callers that wait until nothing is left, or for a limited time. */
export function createEmptyWait(isEmpty: () => boolean) {
  const waiting: (() => void)[] = [];
  return {
    /** To be called after each removal. */
    removed(): void {
      if (isEmpty()) for (const resolve of waiting.splice(0)) resolve();
    },
    async wait(ms: number): Promise<void> {
      if (isEmpty()) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      const timer = setTimeout(resolve, ms);
      await promise;
      clearTimeout(timer);
    },
  };
}
