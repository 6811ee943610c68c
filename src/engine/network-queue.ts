import { LiveSet } from '../live-set.ts';

// The queue of one network. Sequences that have started and those that have not alternate, until more have
// started than there are slots: then started ones go first, so that a growing load does not leave all of them
// unfinished. Of those that have not started, the ones with the highest priority go first, in their order.

export interface NetworkQueue<Sequence extends object> {
  /** Adds a sequence that has not run yet. @param priority 1 goes before 0, 0 before all others */
  addNew(sequence: Sequence, priority?: number): void;
  /** Adds a sequence that has run and was preempted. */
  addStarted(sequence: Sequence): void;
  /** Adds sequences whose worker crashed, before all others. */
  addRetries(sequences: readonly Sequence[]): void;
  remove(sequence: Sequence): boolean;
  /**
   * Removes and returns the next sequence.
   * @param maxStarted started sequences that may wait before they go first
   */
  take(maxStarted: number): Sequence | undefined;
  readonly size: number;
  [Symbol.iterator](): Iterator<Sequence>;
}

export function createNetworkQueue<Sequence extends object>(): NetworkQueue<Sequence> {
  let retries = new LiveSet<Sequence>();
  const urgent = new LiveSet<Sequence>();
  const usual = new LiveSet<Sequence>();
  const late = new LiveSet<Sequence>();
  const started = new LiveSet<Sequence>();
  let newIsNext = true;

  function choose(maxStarted: number): LiveSet<Sequence> {
    if (retries.size > 0) return retries;
    const fresh = urgent.size > 0 ? urgent : usual.size > 0 ? usual : late;
    if (fresh.size === 0 || started.size === 0) return fresh.size === 0 ? started : fresh;
    if (started.size > maxStarted) return started;
    newIsNext = !newIsNext;
    return newIsNext ? started : fresh;
  }

  return {
    addNew: (sequence, priority = 0) =>
      void (priority === 0 ? usual : priority === 1 ? urgent : late).add(sequence),
    addStarted: (sequence) => void started.add(sequence),
    addRetries: (sequences) => void (retries = new LiveSet([...sequences, ...retries])),
    remove: (sequence) => [retries, urgent, usual, late, started].some((set) => set.delete(sequence)),
    take(maxStarted) {
      const from = choose(maxStarted);
      const next = from.first;
      if (next) from.delete(next);
      return next;
    },
    get size() {
      return retries.size + urgent.size + usual.size + late.size + started.size;
    },
    *[Symbol.iterator]() {
      yield* retries;
      yield* urgent;
      yield* usual;
      yield* late;
      yield* started;
    },
  };
}
