import type { SessionArchive } from '../session-archive.ts';
import { expired, notFound } from '../session-store.ts';
import { timed, type SessionTally } from '../session-tally.ts';
import { expiresInMs, type Archiving } from './archiving.ts';
import type { Entry } from './entry.ts';
import { createGoneIds } from './gone-ids.ts';
import type { Residents } from './residents.ts';

// Finds sessions, in memory or in the archive, and ends those that have expired.

const rememberedIds = 10_000;
const expiredAtOnce = 1000;

export interface Locator {
  /** The session in memory; null where it is not there, or has expired. */
  get(id: string): Entry | null;
  /**
   * The session in memory, brought back from the archive where it is not.
   * @throws UnrollError session_not_found, session_expired, sessions_full, sessions_unavailable, invalid_state
   */
  find(id: string): Promise<Entry>;
  /** A session with this id begins. */
  begin(id: string): void;
  /** Ends those that have expired. */
  sweep(): Promise<void>;
}

export const isExpired = (entry: Entry): boolean => entry.queue === null && expiresInMs(entry) <= 0;

export function createLocator(
  residents: Residents,
  archive: SessionArchive,
  { archiving, tally }: { readonly archiving: Archiving; readonly tally: SessionTally },
): Locator {
  const gone = createGoneIds(rememberedIds);
  const restoring = new Map<string, Promise<Entry>>();

  function expire(entry: Entry): void {
    residents.drop(entry);
    gone.add(entry.id);
    tally.ended.expired++;
  }

  async function restore(id: string): Promise<Entry> {
    const found = await archive.read(id);
    if (!found) throw gone.has(id) ? expired(id) : notFound(id);
    const entry = await archiving.admit(() => {
      const begun = residents.get(id);
      if (begun) return begun;
      // the sweep removes its row, or has done so
      if (found.expiresAtMs <= Date.now()) throw expired(id);
      const restored = residents.insert(found.session, found.expiresAtMs - Date.now());
      residents.markArchived(restored);
      return restored;
    });
    archiving.trim();
    return entry;
  }

  function get(id: string): Entry | null {
    const entry = residents.get(id);
    if (!entry) return null;
    if (!isExpired(entry)) return entry;
    expire(entry);
    // its row has expired, too: if this fails, the sweep removes it
    if (entry.archived) archive.remove([id]).catch(() => {});
    return null;
  }

  return {
    get,
    async find(id) {
      const entry = get(id);
      if (entry) return entry;
      if (gone.has(id)) throw expired(id);
      const restored =
        restoring.get(id) ?? timed(tally.restore, () => restore(id)).finally(() => restoring.delete(id));
      restoring.set(id, restored);
      return restored;
    },

    begin: (id) => gone.delete(id),

    async sweep() {
      const ids: string[] = [];
      for (const entry of residents.byAge()) {
        if (isExpired(entry)) {
          expire(entry);
          if (entry.archived) ids.push(entry.id);
          // those after it were used later, but for some that were brought back without being used
        } else if (performance.now() - entry.touchedMs < residents.shortestTtlMs) break;
      }
      if (ids.length > 0) await archive.remove(ids);
      for (;;) {
        const found = await archive.listExpired(expiredAtOnce);
        // no await from here to the removal: a session may begin anew under such an id
        const ended = found.filter((id) => {
          const entry = residents.get(id);
          // used since it was written
          if (entry) residents.markChanged(entry);
          return !entry;
        });
        for (const id of ended) gone.add(id);
        tally.ended.expired += ended.length;
        if (ended.length > 0) await archive.remove(ended);
        if (ended.length < expiredAtOnce) return;
      }
    },
  };
}
