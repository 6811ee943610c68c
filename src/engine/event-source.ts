/**
 * Events that are taken when they have arrived, without a promise for each: a busy stream has thousands a second. Read with
 * `for await` where that does not matter; ending the loop early closes the source.
 */
export interface EventSource<T> extends AsyncIterable<T> {
  /** Removes the next event that has arrived; null where none has. @throws what ended the stream, once */
  take(): T | null;
  /** Whether all events have been taken and no more will arrive. */
  readonly ended: boolean;
  /**
   * Calls `ready` when there is something to take, an error or the end, also if it is there already; never during this
   * call. There is one listener: a later one replaces it.
   */
  listen(ready: () => void): void;
  /** Ends the work, and drops what was not taken. @returns a promise where the work ends later */
  close(): Promise<void> | void;
}

/** The iterator of a source. */
export function readEvents<T>(
  source: Omit<EventSource<T>, typeof Symbol.asyncIterator>,
): AsyncIterator<T, undefined> {
  type Result = IteratorResult<T, undefined>;
  const end: Result = { done: true, value: undefined };
  let readers: { resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  const takeResult = (): Result | null => {
    const value = source.take();
    if (value !== null) return { done: false, value };
    return source.ended ? end : null;
  };
  const ready = (): void => {
    while (readers.length > 0) {
      try {
        const result = takeResult();
        if (!result) return;
        readers.shift()!.resolve(result);
      } catch (error) {
        readers.shift()!.reject(error);
      }
    }
  };
  return {
    next() {
      try {
        const result = readers.length === 0 ? takeResult() : null;
        if (result) return Promise.resolve(result);
      } catch (error) {
        return Promise.reject(error);
      }
      source.listen(ready);
      return new Promise((resolve, reject) => readers.push({ resolve, reject }));
    },
    return() {
      const closing = Promise.resolve(source.close());
      for (const { resolve } of readers) resolve(end);
      readers = [];
      return closing.then(() => end);
    },
  };
}

/** Makes a source of its functions. */
export function createEventSource<T>({
  ended,
  ...functions
}: {
  readonly take: () => T | null;
  readonly ended: () => boolean;
  readonly listen: (ready: () => void) => void;
  readonly close: () => Promise<void> | void;
}): EventSource<T> {
  return {
    ...functions,
    get ended() {
      return ended();
    },
    [Symbol.asyncIterator]() {
      return readEvents(this);
    },
  };
}

/** A source of what a generator yields. The next event is asked for when the one before has been taken. */
export function fromGenerator<T>(events: AsyncGenerator<T>): EventSource<T> {
  let listener = (): void => {};
  let arrived: T | null = null;
  let failure: { readonly error: unknown } | null = null;
  let asked = false;
  let over = false;
  const ask = (): void => {
    asked = true;
    events.next().then(
      ({ done, value }) => {
        asked = false;
        if (done) over = true;
        else arrived = value;
        listener();
      },
      (error: unknown) => {
        asked = false;
        over = true;
        failure = { error };
        listener();
      },
    );
  };
  return createEventSource({
    take() {
      if (failure) {
        const { error } = failure;
        failure = null;
        throw error;
      }
      const event = arrived;
      arrived = null;
      if (!asked && !over) ask();
      return event;
    },
    ended: () => over && arrived === null && failure === null,
    listen(ready) {
      listener = ready;
      if (arrived !== null || over) queueMicrotask(ready);
      else if (!asked) ask();
    },
    close() {
      over = true;
      arrived = null;
      failure = null;
      // what fails after its reader has left is of no interest
      return events.return(undefined).then(
        () => {},
        () => {},
      );
    },
  });
}
