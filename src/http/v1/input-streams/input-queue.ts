// Between a connection and the sequence: what has arrived waits here, and the connection is not read while that is
// much.

export interface InputQueue<T> {
  push(item: T, bytes: number): void;
  /** No more arrives; what waits is still taken. */
  end(): void;
  /** Fails the next read at once, and drops what waits. Only the first failure counts. */
  fail(error: unknown): void;
  /** What has arrived; null where nothing has. @throws the failure */
  take(): T | null;
  /** Null at the end. One reader at a time. */
  next(): Promise<T | null>;
  /** Whether everything was taken before the end. */
  readonly ended: boolean;
  /** For a reader that does not wait with `next`: calls `ready` after what arrives, the end and a failure. */
  listen(ready: () => void): void;
}

/** Bytes that wait above which the connection is not read. */
const fullBytes = 65_536;
/** Of an item, besides its own. */
const itemBytes = 64;

export function createInputQueue<T>(source: { pause(): void; resume(): void }): InputQueue<T> {
  const items: { readonly item: T; readonly bytes: number }[] = [];
  let waitingBytes = 0;
  let paused = false;
  let ended = false;
  let failure: { readonly error: unknown } | null = null;
  let reader: PromiseWithResolvers<T | null> | null = null;
  let ready = (): void => {};

  function take(): T {
    const { item, bytes } = items.shift()!;
    waitingBytes -= bytes + itemBytes;
    if (paused && waitingBytes < fullBytes / 2) {
      paused = false;
      source.resume();
    }
    return item;
  }
  const answer = (settle: (reader: PromiseWithResolvers<T | null>) => void): void => {
    const waiting = reader;
    reader = null;
    if (waiting) settle(waiting);
    ready();
  };

  return {
    push(item, bytes) {
      if (failure || ended) return;
      items.push({ item, bytes });
      waitingBytes += bytes + itemBytes;
      answer(({ resolve }) => resolve(take()));
      if (waitingBytes < fullBytes || paused) return;
      paused = true;
      source.pause();
    },
    end() {
      ended = true;
      answer(({ resolve }) => resolve(null));
    },
    fail(error) {
      failure ??= { error };
      items.length = 0;
      answer(({ reject }) => reject(error));
    },
    take() {
      if (failure) throw failure.error;
      return items.length > 0 ? take() : null;
    },
    get ended() {
      return ended && items.length === 0;
    },
    listen(listener) {
      ready = listener;
      if (items.length > 0 || ended || failure) ready();
    },
    next() {
      if (failure) return Promise.reject(failure.error);
      if (items.length > 0) return Promise.resolve(take());
      if (ended) return Promise.resolve(null);
      reader = Promise.withResolvers();
      return reader.promise;
    },
  };
}
