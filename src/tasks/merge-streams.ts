/**
 * Yields the values of several streams as they arrive, each with the index of its stream. Returning early
 * returns all of them.
 */
export async function* mergeStreams<T>(
  streams: readonly AsyncIterable<T>[],
): AsyncGenerator<{ source: number; value: T }> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  const next = async (source: number): Promise<{ source: number; result: IteratorResult<T> }> => ({
    source,
    result: await iterators[source]!.next(),
  });
  const request = (source: number): ReturnType<typeof next> => {
    const pending = next(source);
    // it may reject while the reader handles an earlier value, or after it has left: an unhandled rejection
    // ends the process
    pending.catch(() => {});
    return pending;
  };
  const pending = new Map(iterators.map((_, source) => [source, request(source)]));
  try {
    while (pending.size > 0) {
      const { source, result } = await Promise.race(pending.values());
      // moves the stream to the end, so that one that always has a value does not starve the others
      pending.delete(source);
      if (!result.done) {
        pending.set(source, request(source));
        yield { source, value: result.value };
      }
    }
  } finally {
    await Promise.allSettled(iterators.map(async (iterator) => iterator.return?.()));
  }
}
