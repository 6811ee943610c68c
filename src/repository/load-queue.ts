/** What is to be loaded, in order; what is preferred is loaded first. */
export interface LoadQueue<T> {
  readonly size: number;
  add(item: T): void;
  /** Without effect for an item that is not queued. */
  prefer(item: T): void;
  /** Removes the next item; undefined where none is left. */
  take(): T | undefined;
}

export function createLoadQueue<T>(): LoadQueue<T> {
  const queued = new Set<T>();
  const preferred = new Set<T>();
  return {
    get size() {
      return queued.size;
    },
    add: (item) => void queued.add(item),
    prefer: (item) => void (queued.has(item) && preferred.add(item)),
    take() {
      const [item] = preferred.size > 0 ? preferred : queued;
      preferred.delete(item!);
      queued.delete(item!);
      return item;
    },
  };
}
