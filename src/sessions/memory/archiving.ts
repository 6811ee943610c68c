import { UnrollError } from '../../errors.ts';
import type { ArchivedSession, SessionArchive } from '../session-archive.ts';
import type { Session } from '../session.ts';
import { timed, type SessionTally } from '../session-tally.ts';
import { toSession, type Entry } from './entry.ts';
import type { Residents } from './residents.ts';

// Between memory and archive: what has changed is written every few seconds, and the sessions used longest ago
// leave memory when there is no more room. The archive's calls take effect in their order: one that removes a
// session is made after all that write it.

/** Sessions that are written at once: the main thread has to copy them. */
export const batchSize = 128;
/** Sessions above the limit, as a part of it, for which a new one waits until there is room. */
const backlogPart = 0.01;

export const expiresInMs = ({ touchedMs, shared }: Pick<Entry, 'touchedMs' | 'shared'>): number =>
  touchedMs + shared.ttlMs - performance.now();

/** A session in memory, and what it is to become. */
export interface Change {
  readonly entry: Entry;
  readonly session: Session;
}

export interface Archiving {
  /**
   * Waits until another session may be in memory, and brings it there in the same turn, so that all are counted.
   * @throws UnrollError sessions_full where none can leave it
   */
  admit<T>(insert: () => T): Promise<T>;
  /** Begins to move the sessions used longest ago to the archive, as many as are too many. */
  trim(): void;
  writeChanged(): Promise<void>;
  /** Writes what sessions in memory are to become, flushed to disk. */
  write(changes: readonly Change[]): Promise<void>;
  /** Removes a session from the archive, so that no write brings it back. It is still in memory. */
  remove(entry: Entry): Promise<void>;
}

export function createArchiving(
  residents: Residents,
  archive: SessionArchive,
  {
    maxSessions,
    maxBytes,
    tally,
  }: { readonly maxSessions: number; readonly maxBytes: number; readonly tally: SessionTally },
): Archiving {
  /** How many may be in memory: fewer where they are large. */
  const countMost = (): number => {
    const { size, used } = residents;
    return used <= maxBytes ? maxSessions : Math.min(maxSessions, Math.floor((size * maxBytes) / used));
  };
  const { dirty } = residents;
  /** Sessions whose own write or removal is on its way: nothing else may write them. */
  const busy = new Set<Entry>();
  let evicting: Promise<void> | null = null;
  /** Why the last eviction has failed; null if it has not. */
  let failure: string | null = null;

  const toArchived = (entry: Entry, session = toSession(entry)): ArchivedSession => ({
    session,
    expiresAtMs: Date.now() + expiresInMs(entry),
  });

  async function writeAll(batch: readonly Entry[]): Promise<void> {
    for (const entry of batch) {
      dirty.delete(entry);
      residents.markArchived(entry);
    }
    try {
      const rows = batch.map((entry) => toArchived(entry));
      await timed(tally.snapshot, () => archive.write(rows, false));
    } catch (error) {
      for (const entry of batch) residents.markChanged(entry);
      throw error;
    }
  }

  /** @param more sessions that are to come */
  async function evict(more: number): Promise<void> {
    for (let most = countMost() - more; residents.size > most; most = countMost() - more) {
      const batch: Entry[] = [];
      const count = Math.min(batchSize, residents.size - most);
      for (const entry of residents.byAge()) {
        if (entry.queue === null && !busy.has(entry)) batch.push(entry);
        if (batch.length === count) break;
      }
      // all are in use: the end of a call tries again
      if (batch.length === 0) return;
      await writeAll(batch);
      let evicted = 0;
      for (const entry of batch) {
        // used since: what is on disk is not what it is now
        if (!residents.has(entry) || entry.queue !== null || dirty.has(entry)) continue;
        residents.drop(entry);
        evicted++;
      }
      tally.ended.evicted += evicted;
      if (evicted === 0) return;
    }
  }
  /** Never rejects. */
  function startEviction(more: number): Promise<void> {
    evicting ??= evict(more)
      .then(
        () => (failure = null),
        (error: unknown) => (failure = error instanceof Error ? error.message : String(error)),
      )
      .then(() => void (evicting = null));
    return evicting;
  }

  return {
    async admit(insert) {
      for (;;) {
        const { size } = residents;
        const most = countMost();
        const excess = size + 1 - most;
        if (excess <= 0 || (excess <= Math.ceil(most * backlogPart) && failure === null)) break;
        await startEviction(1);
        if (failure !== null && residents.size >= countMost()) throw full(maxSessions, failure);
        // all are in use
        if (residents.size >= size) break;
      }
      return insert();
    },
    trim() {
      if (residents.size > countMost() && failure === null) void startEviction(0);
    },
    async writeChanged() {
      for (let left = dirty.size; left > 0; left -= batchSize) {
        const batch: Entry[] = [];
        for (const entry of dirty) if (!busy.has(entry) && batch.push(entry) === batchSize) break;
        if (batch.length === 0) break;
        await writeAll(batch);
      }
      if (residents.size > countMost()) await startEviction(0);
    },
    async write(changes) {
      for (const { entry } of changes) {
        busy.add(entry);
        residents.markArchived(entry);
      }
      try {
        const rows = changes.map(({ entry, session }) => toArchived(entry, session));
        await timed(tally.snapshot, () => archive.write(rows, true));
        for (const { entry } of changes) dirty.delete(entry);
      } catch (error) {
        // they may have been written all the same
        for (const { entry } of changes) residents.markChanged(entry);
        throw error;
      } finally {
        for (const { entry } of changes) busy.delete(entry);
      }
    },
    async remove(entry) {
      busy.add(entry);
      try {
        if (entry.archived) await archive.remove([entry.id]);
      } finally {
        busy.delete(entry);
      }
    },
  };
}

const full = (maxSessions: number, failure: string): UnrollError =>
  new UnrollError(
    'sessions_full',
    `the server keeps ${maxSessions} sessions in memory (UNROLL_MAX_SESSIONS), fewer of those that are large (UNROLL_SESSION_MB), and cannot write them: ${failure}`,
    { retryAfterSeconds: 5 },
  );
