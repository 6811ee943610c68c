import { LiveSet } from './live-set.ts';

// The sequences of one network that wait for a worker. Those that have begun and those that have not take turns, until more
// have begun than there are slots: from then on what has begun is finished first, so that a growing crowd does not
// leave all of them half computed.

export interface NetworkQueue<Sequence extends object> {
  /** Adds a sequence that has not run yet. */
  addNew(sequence: Sequence): void;
  /** Adds a sequence that has run and gave its slot back. */
  addStarted(sequence: Sequence): void;
  /** Adds sequences whose worker died, before all others. */
  addRetries(sequences: readonly Sequence[]): void;
  remove(sequence: Sequence): boolean;
  /** Takes the next one out. @param maxBegun begun sequences that may wait before all of them go first */
  take(maxBegun: number): Sequence | undefined;
  readonly size: number;
  [Symbol.iterator](): Iterator<Sequence>;
}

export function createNetworkQueue<Sequence extends object>(): NetworkQueue<Sequence> {
  let retries = new LiveSet<Sequence>();
  const fresh = new LiveSet<Sequence>();
  const begun = new LiveSet<Sequence>();
  let newIsNext = true;

  function choose(maxBegun: number): LiveSet<Sequence> {
    if (retries.size > 0) return retries;
    if (fresh.size === 0 || begun.size === 0) return fresh.size === 0 ? begun : fresh;
    if (begun.size > maxBegun) return begun;
    newIsNext = !newIsNext;
    return newIsNext ? begun : fresh;
  }

  return {
    addNew: (sequence) => void fresh.add(sequence),
    addStarted: (sequence) => void begun.add(sequence),
    addRetries: (sequences) => void (retries = new LiveSet([...sequences, ...retries])),
    remove: (sequence) => [retries, fresh, begun].some((set) => set.delete(sequence)),
    take(maxBegun) {
      const from = choose(maxBegun);
      for (const sequence of from) {
        from.delete(sequence);
        return sequence;
      }
      return undefined;
    },
    get size() {
      return retries.size + fresh.size + begun.size;
    },
    *[Symbol.iterator]() {
      yield* retries;
      yield* fresh;
      yield* begun;
    },
  };
}
