/** How soon an item is loaded: what somebody asked for, then what changes a model in service, then the rest. */
const urgencies = ['asked', 'update', 'rest'] as const;
export type Urgency = (typeof urgencies)[number];

/** Loads one item after another, the most urgent first, and of equals the one that was added first. */
export interface LoadQueue<T> {
  /**
   * Queues an item. One that waits already is loaded once, and moves up where it is more urgent now; one that is being loaded
   * is loaded again after that.
   * @returns resolves when it has been loaded or dropped
   */
  add(item: T, urgency: Urgency): Promise<void>;
  /** Has an item that waits loaded as one that was asked for; without effect for any other. */
  prefer(item: T): void;
  /** Removes an item that waits. @returns whether it did */
  drop(item: T): boolean;
  /** Resolves when the item has been loaded or dropped; null where it neither waits nor is being loaded. */
  pending(item: T): Promise<void> | null;
  /** Drops all items, now and later. */
  close(): void;
}

/** @param load must not reject */
export function createLoadQueue<T>(load: (item: T) => Promise<void>): LoadQueue<T> {
  const waiting = new Map<T, PromiseWithResolvers<void>>();
  const order = { asked: new Set<T>(), update: new Set<T>(), rest: new Set<T>() };
  let current: { readonly item: T; readonly done: Promise<void> } | null = null;
  let running = false;
  let closed = false;

  function remove(item: T): PromiseWithResolvers<void> | undefined {
    const removed = waiting.get(item);
    waiting.delete(item);
    for (const urgency of urgencies) order[urgency].delete(item);
    return removed;
  }

  async function run(): Promise<void> {
    if (running) return;
    running = true;
    // what is added in the same turn, and is more urgent, comes first
    await Promise.resolve();
    for (;;) {
      const items = urgencies.map((urgency) => order[urgency]).find(({ size }) => size > 0);
      if (!items) break;
      const [item] = items;
      const { promise, resolve } = remove(item!)!;
      current = { item: item!, done: promise };
      await load(item!);
      current = null;
      resolve();
    }
    running = false;
  }

  const queue: LoadQueue<T> = {
    add(item, urgency) {
      if (closed) return Promise.resolve();
      const entry = waiting.get(item) ?? Promise.withResolvers<void>();
      waiting.set(item, entry);
      const before = urgencies.find((one) => order[one].has(item));
      if (before === undefined || urgencies.indexOf(urgency) < urgencies.indexOf(before)) {
        if (before !== undefined) order[before].delete(item);
        order[urgency].add(item);
      }
      void run();
      return entry.promise;
    },
    prefer: (item) => void (waiting.has(item) && queue.add(item, 'asked')),
    drop(item) {
      const dropped = remove(item);
      dropped?.resolve();
      return dropped !== undefined;
    },
    pending: (item) => waiting.get(item)?.promise ?? (current?.item === item ? current.done : null),
    close() {
      closed = true;
      for (const item of waiting.keys()) queue.drop(item);
    },
  };
  return queue;
}
