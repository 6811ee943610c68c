import type { ArchivedSession, SessionArchive } from '../session-archive.ts';
import type { Session } from '../session.ts';
import { toSession, type Entry } from './entry.ts';
import type { Residents } from './residents.ts';

// Between memory and archive: what has changed is written every few seconds, and the sessions used longest ago
// leave memory when there is no more room.

/** Sessions that are written at once. */
const batchSize = 512;
/** Sessions above the limit for which a new one waits until there is room. */
const backlog = 1024;

export const expiresInMs = ({ touchedMs, shared }: Pick<Entry, 'touchedMs' | 'shared'>): number =>
  touchedMs + shared.ttlMs - performance.now();

export interface Archiving {
  /** Moves the sessions used longest ago to the archive, as many as are too many. */
  makeRoom(): Promise<void>;
  writeChanged(): Promise<void>;
  /** Writes a session that is in memory. */
  write(entry: Entry, session: Session): Promise<void>;
}

export function createArchiving(
  residents: Residents,
  archive: SessionArchive,
  { maxSessions, onEvicted }: { readonly maxSessions: number; readonly onEvicted: (count: number) => void },
): Archiving {
  let evicting: Promise<void> | null = null;
  const { dirty } = residents;

  const toArchived = (entry: Entry, session = toSession(entry)): ArchivedSession => ({
    session,
    expiresAtMs: Date.now() + expiresInMs(entry),
  });

  /** @returns those that have not changed meanwhile */
  async function writeAll(batch: readonly Entry[]): Promise<Entry[]> {
    const revisions = batch.map(({ revision }) => revision);
    for (const entry of batch) dirty.delete(entry);
    try {
      await archive.write(batch.map((entry) => toArchived(entry)));
    } catch (error) {
      for (const entry of batch) if (residents.has(entry)) dirty.add(entry);
      throw error;
    }
    // one that was deleted while it was written must not come back
    const deleted = batch.filter((entry) => !residents.has(entry)).map(({ id }) => id);
    if (deleted.length > 0) await archive.remove(deleted);
    const kept = batch.filter((entry) => residents.has(entry));
    for (const entry of kept) residents.markArchived(entry);
    return kept.filter((entry) => entry.revision === revisions[batch.indexOf(entry)]);
  }

  async function evict(): Promise<void> {
    while (residents.size > maxSessions) {
      const batch: Entry[] = [];
      const count = Math.min(batchSize, residents.size - maxSessions);
      for (const entry of residents.byAge()) {
        if (entry.queue === null) batch.push(entry);
        if (batch.length === count) break;
      }
      if (batch.length === 0) return;
      const evicted = (await writeAll(batch)).filter(({ queue }) => queue === null);
      for (const entry of evicted) residents.drop(entry);
      onEvicted(evicted.length);
    }
  }

  return {
    async makeRoom() {
      const excess = residents.size - maxSessions;
      if (excess <= 0) return;
      evicting ??= evict().finally(() => (evicting = null));
      if (excess > backlog) await evicting;
      else evicting.catch(() => {});
    },
    async writeChanged() {
      for (let left = dirty.size; left > 0 && dirty.size > 0; left -= batchSize) {
        const batch: Entry[] = [];
        for (const entry of dirty) if (batch.push(entry) === batchSize) break;
        await writeAll(batch);
      }
      await evicting;
    },
    async write(entry, session) {
      await archive.write([toArchived(entry, session)]);
      residents.markArchived(entry);
    },
  };
}
