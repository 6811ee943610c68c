import { LiveSet } from './live-set.ts';

/** Where a signal keeps its listeners. */
const listenersKey = Symbol('listeners');

interface Listener {
  readonly run: () => void;
}
interface Listened extends AbortSignal {
  [listenersKey]?: LiveSet<Listener>;
}

/**
 * Calls `run` once when a signal aborts, at once where it has. For signals with more listeners over time than at a time, such as that of a stream or of
 * the server's end: with each listener that is removed, Node's own list leaves a hash table behind that references the next
 * one, which keeps all that the later listeners reference until the next full collection (see `LiveSet`).
 * @returns a function that removes it
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) {
    run();
    return () => {};
  }
  const listeners = ((signal as Listened)[listenersKey] ??= listen(signal));
  const listener = { run };
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function listen(signal: AbortSignal): LiveSet<Listener> {
  const listeners = new LiveSet<Listener>();
  const runAll = (): void => {
    for (const listener of listeners) {
      listeners.delete(listener);
      listener.run();
    }
  };
  signal.addEventListener('abort', runAll, { once: true });
  return listeners;
}
