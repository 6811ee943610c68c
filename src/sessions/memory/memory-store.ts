import { UnrollError } from '../../errors.ts';
import { createCallQueue } from '../call-queue.ts';
import type { SessionArchive } from '../session-archive.ts';
import { expired, notFound, type SessionStore } from '../session-store.ts';
import { createArchiving, expiresInMs } from './archiving.ts';
import { toSession, type Entry } from './entry.ts';
import { createGoneIds } from './gone-ids.ts';
import { selectPage } from './list-entries.ts';
import { createResidents } from './residents.ts';

// Sessions in the memory of this server, with an archive behind them, to which all of them are moved when the
// server ends.

export interface MemoryStoreOptions {
  /** Sessions in memory. */
  readonly maxSessions: number;
  /** Null: nothing is evicted, and all is lost when the server ends. */
  readonly archive: SessionArchive | null;
  /** Milliseconds between writes of changed sessions to the archive. */
  readonly writeMs?: number | undefined;
  readonly onEnd?: ((reason: 'deleted' | 'expired' | 'evicted', count: number) => void) | undefined;
  /** A write that failed; the sessions stay in memory. */
  readonly onProblem?: ((error: unknown) => void) | undefined;
}

const sweepMs = 5000;
const rememberedIds = 10_000;

export function createMemoryStore(options: MemoryStoreOptions): SessionStore {
  const { maxSessions, archive, writeMs = 5000, onEnd, onProblem } = options;
  const residents = createResidents();
  const gone = createGoneIds(rememberedIds);
  const restoring = new Map<string, Promise<Entry>>();
  const archiving =
    archive &&
    createArchiving(residents, archive, {
      maxSessions,
      onEvicted: (count) => onEnd?.('evicted', count),
    });

  const isExpired = (entry: Entry): boolean => entry.queue === null && expiresInMs(entry) <= 0;
  function expire(entry: Entry): void {
    residents.drop(entry);
    gone.add(entry.id);
    onEnd?.('expired', 1);
  }

  /** The session in memory, brought back from the archive where it is not. */
  async function find(id: string): Promise<Entry> {
    const entry = residents.get(id);
    if (entry && !isExpired(entry)) return entry;
    if (entry) {
      expire(entry);
      await archive?.remove([id]);
    }
    if (gone.has(id)) throw expired(id);
    if (!archive) throw notFound(id);
    const restored = restoring.get(id) ?? restore(id, archive).finally(() => restoring.delete(id));
    restoring.set(id, restored);
    return restored;
  }
  async function restore(id: string, from: SessionArchive): Promise<Entry> {
    const found = await from.read(id);
    if (!found) throw notFound(id);
    if (found.expiresAtMs <= Date.now()) {
      gone.add(id);
      await from.remove([id]);
      throw expired(id);
    }
    const entry = residents.insert(found.session);
    residents.markArchived(entry);
    await archiving?.makeRoom();
    return entry;
  }

  async function sweep(): Promise<void> {
    const ids: string[] = [];
    for (const entry of residents.byAge()) {
      if (isExpired(entry)) {
        expire(entry);
        ids.push(entry.id);
        // those after it were used later
      } else if (performance.now() - entry.touchedMs < residents.shortestTtlMs) break;
    }
    if (ids.length > 0) await archive?.remove(ids);
    const removed = (await archive?.removeExpired()) ?? [];
    const ended = removed.filter((id) => {
      const entry = residents.get(id);
      // used since it was written
      if (entry) residents.markChanged(entry);
      else gone.add(id);
      return !entry;
    });
    if (ended.length > 0) onEnd?.('expired', ended.length);
  }

  const timers = [
    repeat(sweepMs, sweep, onProblem),
    repeat(writeMs, async () => archiving?.writeChanged(), onProblem),
  ];

  return {
    async add(session, isNew) {
      const check = (known: unknown): void => {
        if (known)
          throw new UnrollError('session_exists', `id: there is a session ${session.id}`, { field: 'id' });
      };
      if (!isNew) check(await archive?.read(session.id));
      check(residents.get(session.id));
      if (!archive && residents.size >= maxSessions) throw full(maxSessions);
      const entry = residents.insert(session);
      if (!archiving) return;
      residents.markChanged(entry);
      if (session.durable) await archiving.write(entry, session);
      await archiving.makeRoom();
    },

    async hold(id) {
      let entry = await find(id);
      // evicted again at once, in a server with room for few
      while (!residents.has(entry)) entry = await find(id);
      if (entry.queue) {
        await entry.queue.enter();
        if (!residents.has(entry)) throw notFound(id);
      } else entry.queue = createCallQueue(id);
      residents.touch(entry);
      return {
        session: toSession(entry),
        async save(session) {
          // first, so that a call that fails has changed nothing
          if (archiving && session.durable) await archiving.write(entry, session);
          residents.update(entry, session);
          if (archiving && !session.durable) residents.markChanged(entry);
        },
        release() {
          residents.touch(entry);
          if (entry.queue!.leave()) entry.queue = null;
        },
      };
    },

    read: async (id) => toSession(await find(id)),

    async remove(id) {
      const entry = await find(id);
      await entry.queue?.end();
      if (!residents.has(entry)) throw notFound(id);
      residents.drop(entry);
      await archive?.remove([id]);
      onEnd?.('deleted', 1);
    },

    async list(query) {
      const after = query.after === undefined ? null : toSession(await find(query.after));
      const inMemory = selectPage(listed(residents.all()), query, after).map(({ entry }) => toSession(entry));
      const onDisk = ((await archive?.list(query)) ?? []).map(({ session }) => session);
      const others = onDisk.filter(({ id }) => !residents.get(id));
      return selectPage([...inMemory, ...others], query, null);
    },

    get counts() {
      const { size, bytes, archived } = residents;
      return { active: size, evicted: Math.max(0, (archive?.size ?? 0) - archived), bytes };
    },

    async close() {
      for (const timer of timers) clearInterval(timer);
      try {
        await archiving?.writeChanged();
      } finally {
        await archive?.close();
      }
    },
  };
}

const full = (maxSessions: number): UnrollError =>
  new UnrollError(
    'sessions_full',
    `the server keeps ${maxSessions} sessions (UNROLL_MAX_SESSIONS), and has no folder for more (UNROLL_DATA)`,
    { retryAfterSeconds: 5 },
  );

function* listed(all: Iterable<Entry>) {
  for (const entry of all) {
    const { owner, model } = entry.shared;
    yield { entry, id: entry.id, createdAt: entry.createdAt, owner, model };
  }
}

/** Repeats work, one at a time. */
function repeat(
  ms: number,
  work: () => Promise<void>,
  onProblem: ((error: unknown) => void) | undefined,
): NodeJS.Timeout {
  let running = false;
  return setInterval(() => {
    if (running) return;
    running = true;
    void work()
      .catch((error: unknown) => onProblem?.(error))
      .finally(() => (running = false));
  }, ms).unref();
}
