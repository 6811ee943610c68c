/** Values of several streams as they come, each with the number of its stream. Leaving early leaves all of them. */
export async function* mergeStreams<T>(
  streams: readonly AsyncIterable<T>[],
): AsyncGenerator<{ source: number; value: T }> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  const next = async (source: number): Promise<{ source: number; result: IteratorResult<T> }> => ({
    source,
    result: await iterators[source]!.next(),
  });
  const ask = (source: number): ReturnType<typeof next> => {
    const question = next(source);
    // it may fail while the reader is busy with the value before it, or gone: no one listens then, and a rejection that
    // no one hears ends the process
    question.catch(() => {});
    return question;
  };
  const asked = new Map(iterators.map((_, source) => [source, ask(source)]));
  try {
    while (asked.size > 0) {
      const { source, result } = await Promise.race(asked.values());
      // to the end of the line, so that a stream that always has more does not keep the others waiting
      asked.delete(source);
      if (!result.done) {
        asked.set(source, ask(source));
        yield { source, value: result.value };
      }
    }
  } finally {
    await Promise.allSettled(iterators.map(async (iterator) => iterator.return?.()));
  }
}
