import { createPrefixTree, type PrefixTree } from './prefix-tree.ts';

// States after the beginnings of texts that were read lately: a text that begins the same way starts from there.
// The bits are those of the whole, since a state is exact after any token.

/** Whose texts these are: a caller gets nothing from another's, not even the time that it saves. */
export interface PrefixKey {
  readonly weightsHash: string;
  readonly owner: string;
}

export interface PrefixPlan {
  /** Ids that need not be fed, and the state after them. */
  readonly skip: number;
  readonly from: Float32Array | null;
  /** Where to stop on the way and keep the state, since other texts have parted there; null for nowhere. */
  readonly stopAt: number | null;
}

export interface PrefixCounts {
  readonly hits: number;
  readonly misses: number;
  /** Steps that were not run again. */
  readonly reusedSteps: number;
  readonly bytes: number;
}

export interface PrefixStates {
  /** How to read a text; null for one that is too short. The last id is always fed: its output is wanted. */
  plan(key: PrefixKey, ids: Int32Array): PrefixPlan | null;
  keep(key: PrefixKey, ids: Int32Array, state: Float32Array): void;
  readonly counts: PrefixCounts;
}

/** Ids below which reading again costs less than keeping. */
const minIds = 32;

/** @param maxBytes of all states and their texts */
export function createPrefixStates(maxBytes: number): PrefixStates {
  const trees = new Map<string, PrefixTree>();
  let uses = 0;
  const counts = { hits: 0, misses: 0, reusedSteps: 0 };
  const toText = ({ weightsHash, owner }: PrefixKey): string => `${weightsHash} ${owner}`;
  let bytes = 0;
  function makeRoom(): void {
    while (bytes > maxBytes) {
      const [name, oldest] = [...trees].reduce((a, b) => (b[1].oldestUse < a[1].oldestUse ? b : a));
      const before = oldest.bytes;
      oldest.dropOldest();
      bytes += oldest.bytes - before;
      if (oldest.oldestUse < Infinity) continue;
      trees.delete(name);
      bytes -= oldest.bytes;
    }
  }
  return {
    plan(key, ids) {
      if (ids.length < minIds) return null;
      const found = trees.get(toText(key))?.find(ids.subarray(0, -1)) ?? { shared: 0, depth: 0, state: null };
      const { shared, depth, state } = found;
      if (depth >= minIds) {
        counts.hits++;
        counts.reusedSteps += depth;
      } else counts.misses++;
      const [skip, from] = depth >= minIds ? [depth, state] : [0, null];
      return { skip, from, stopAt: shared >= Math.max(minIds, skip + minIds / 2) ? shared : null };
    },
    keep(key, ids, state) {
      if (ids.length < minIds || state.byteLength + ids.byteLength > maxBytes / 4) return;
      const name = toText(key);
      const known = trees.get(name);
      const tree = known ?? createPrefixTree(() => uses++);
      const before = known?.bytes ?? 0;
      trees.set(name, tree);
      tree.add(ids, state.slice());
      bytes += tree.bytes - before;
      makeRoom();
    },
    get counts() {
      return { ...counts, bytes };
    },
  };
}
