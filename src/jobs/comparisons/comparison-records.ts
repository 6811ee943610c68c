import { isDecided, type Comparison } from '../job.ts';
import type { JobStore } from '../store/store.ts';
import { nextComparisonStatus, type ComparisonAction } from './comparison-transitions.ts';

/** Comparisons and their transitions. */
export interface ComparisonRecords {
  find(id: string): Promise<Comparison | null>;
  /** @returns null for a comparison that is decided */
  undecided(id: string): Promise<Comparison | null>;
  /** Newest first. */
  list(): Promise<Comparison[]>;
  add(comparison: Comparison): Promise<void>;
  /** @returns null if the action is not allowed in the comparison's status */
  apply(
    id: string,
    action: ComparisonAction,
    changes?: Partial<Comparison>,
  ): Promise<{ readonly comparison: Comparison; readonly saved: Promise<void> } | null>;
  /** Takes up undecided comparisons of an earlier process. */
  restore(comparisons: readonly Comparison[]): void;
  /** Ids of those that `decideAll` decides. */
  restored(): Iterable<string>;
}

/** Undecided comparisons in memory, where transitions are decided, and all in the store. */
export function createComparisonRecords(
  store: JobStore,
  log: { warn(fields: object, message: string): void },
): ComparisonRecords {
  const undecided = new Map<string, Comparison>();
  return {
    find: async (id) => undecided.get(id) ?? store.comparison(id),
    undecided: async (id) => undecided.get(id) ?? null,
    list: async () => (await store.comparisons()).map((one) => undecided.get(one.id) ?? one),
    async add(comparison) {
      await store.saveComparison(comparison);
      undecided.set(comparison.id, comparison);
    },
    async apply(id, action, changes = {}) {
      const before = undecided.get(id);
      const status = before ? nextComparisonStatus(before.status, action) : null;
      if (!before || status === null) return null;
      const comparison: Comparison = { ...before, ...changes, status };
      if (isDecided(status)) undecided.delete(id);
      else undecided.set(id, comparison);
      const saved = store.withoutTimeout.saveComparison(comparison);
      saved.catch((error: unknown) =>
        log.warn({ comparison: id, err: error }, 'a comparison cannot be saved'),
      );
      return { comparison, saved };
    },
    restore(comparisons) {
      for (const comparison of comparisons)
        if (!isDecided(comparison.status) && !undecided.has(comparison.id))
          undecided.set(comparison.id, comparison);
    },
    restored: () => undecided.keys(),
  };
}
