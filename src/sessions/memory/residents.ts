import { RecencyList } from '../../recency-list.ts';
import type { Session } from '../session.ts';
import { createStateSlab, type StateSlab } from '../state-slab.ts';
import { countBytes, createEntry, createSharedParts, freeState, updateEntry, type Entry } from './entry.ts';

/** The sessions in memory. */
export interface Residents {
  readonly size: number;
  /** Bytes that are taken for their states. */
  readonly bytes: number;
  /** Bytes of their states, their marks and their last steps. */
  readonly used: number;
  /** Those that the archive has too. */
  readonly archived: number;
  /** Those that have changed since they were written. */
  readonly dirty: Set<Entry>;
  get(id: string): Entry | undefined;
  has(entry: Entry): boolean;
  all(): Iterable<Entry>;
  /** From the one used longest ago. */
  byAge(): Iterable<Entry>;
  /** The shortest time to live of all that ever were here. */
  readonly shortestTtlMs: number;
  /** @param expiresInMs unless it is used before; there is none with its id */
  insert(session: Session, expiresInMs: number): Entry;
  update(entry: Entry, session: Session): void;
  touch(entry: Entry): void;
  /** The archive may have it, perhaps as it was before. */
  markArchived(entry: Entry): void;
  /** It is to be written; one that is not in memory any more is not. */
  markChanged(entry: Entry): void;
  /** The archive has lost sessions. */
  markAllChanged(): void;
  drop(entry: Entry): void;
}

export function createResidents(): Residents {
  const entries = new Map<string, Entry>();
  const byRecency = new RecencyList<Entry>();
  const toShared = createSharedParts();
  const slabs = new Map<number, StateSlab>();
  const dirty = new Set<Entry>();
  let archived = 0;
  let used = 0;
  let shortestTtlMs = Infinity;

  const slab = (length: number): StateSlab => {
    const known = slabs.get(length) ?? createStateSlab(length);
    slabs.set(length, known);
    return known;
  };

  const has = (entry: Entry): boolean => entries.get(entry.id) === entry;

  return {
    dirty,
    get size() {
      return entries.size;
    },
    get bytes() {
      let bytes = 0;
      for (const one of slabs.values()) bytes += one.bytes;
      return bytes;
    },
    get used() {
      return used;
    },
    get archived() {
      return archived;
    },
    get shortestTtlMs() {
      return shortestTtlMs;
    },
    get: (id) => entries.get(id),
    has,
    all: () => entries.values(),
    *byAge() {
      for (let at = byRecency.oldest; at;) {
        const next: Entry | null = at.newer;
        yield at;
        at = next;
      }
    },
    insert(session, expiresInMs) {
      const entry = createEntry(session, toShared(session));
      updateEntry(entry, session, slab);
      used += countBytes(entry);
      entry.touchedMs = performance.now() + expiresInMs - session.ttlMs;
      entries.set(entry.id, entry);
      byRecency.add(entry);
      shortestTtlMs = Math.min(shortestTtlMs, session.ttlMs);
      return entry;
    },
    update(entry, session) {
      // a row of its state would never be freed
      if (!has(entry)) return;
      used -= countBytes(entry);
      updateEntry(entry, session, slab);
      used += countBytes(entry);
    },
    touch(entry) {
      if (!has(entry)) return;
      entry.touchedMs = performance.now();
      byRecency.touch(entry);
    },
    markArchived(entry) {
      if (!entry.archived) archived++;
      entry.archived = true;
    },
    markChanged(entry) {
      if (has(entry)) dirty.add(entry);
    },
    markAllChanged() {
      for (const entry of entries.values()) dirty.add(entry);
    },
    drop(entry) {
      if (!has(entry)) return;
      entries.delete(entry.id);
      byRecency.remove(entry);
      dirty.delete(entry);
      used -= countBytes(entry);
      freeState(entry);
      if (entry.archived) archived--;
    },
  };
}
