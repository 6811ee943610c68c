import { createEventSource, type EventSource } from '../engine/event-source.ts';

/**
 * The events of several sources as they arrive, each with the index of its source, in turns. An error of one closes all of
 * them.
 */
export function mergeEvents<T>(
  sources: readonly EventSource<T>[],
): EventSource<{ readonly source: number; readonly value: T }> {
  let next = 0;
  const close = async (): Promise<void> => {
    await Promise.all(sources.map(async (source) => source.close()));
  };
  return createEventSource({
    take() {
      for (let tried = 0; tried < sources.length; tried++) {
        const source = next;
        next = (next + 1) % sources.length;
        try {
          const value = sources[source]!.take();
          if (value !== null) return { source, value };
        } catch (error) {
          void close();
          throw error;
        }
      }
      return null;
    },
    ended: () => sources.every(({ ended }) => ended),
    listen(ready) {
      for (const source of sources) source.listen(ready);
    },
    close,
  });
}
