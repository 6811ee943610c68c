import { UnrollError } from '../../errors.ts';
import { createCallQueue } from '../call-queue.ts';
import type { SessionArchive } from '../session-archive.ts';
import { isDamaged, notFound, type SessionStore } from '../session-store.ts';
import type { Session } from '../session.ts';
import type { SessionTally } from '../session-tally.ts';
import { batchSize, createArchiving, type Change } from './archiving.ts';
import { toSession, type Entry } from './entry.ts';
import { mergePage, selectEntries } from './list-entries.ts';
import { createLocator } from './locate.ts';
import { repeat } from './repeat.ts';
import { createResidents } from './residents.ts';
import { toOwnId } from '../session-id.ts';

// Sessions in the memory of this server, with an archive behind them, to which all of them are moved when the
// server ends.

export interface MemoryStoreOptions {
  /** Sessions in memory. */
  readonly maxSessions: number;
  /** Bytes of the states, marks and last steps of sessions in memory. */
  readonly maxBytes: number;
  readonly archive: SessionArchive;
  /** Milliseconds between writes of changed sessions to the archive. */
  readonly writeMs: number;
  readonly tally: SessionTally;
  /** A write that failed; the sessions stay in memory. */
  readonly onProblem: (error: unknown) => void;
  /** The store has been closed, and so many sessions could not be written. */
  readonly onLost: (sessions: number, error: unknown) => void;
}

const sweepMs = 5000;

export function createMemoryStore(options: MemoryStoreOptions): SessionStore {
  const { maxSessions, maxBytes, archive, writeMs, tally, onProblem, onLost } = options;
  const residents = createResidents();
  const archiving = createArchiving(residents, archive, { maxSessions, maxBytes, tally });
  const locator = createLocator(residents, archive, { archiving, tally });
  archive.onLoss(() => residents.markAllChanged());
  /** Ids of sessions that are being added, until they are or cannot be. */
  const adding = new Map<string, Promise<void>>();
  /** Durable sessions whose first write is on its way: until it has succeeded, there are none. */
  const unwritten = new Map<Entry, Promise<void>>();
  const stops = [
    repeat(sweepMs, () => locator.sweep(), onProblem),
    repeat(writeMs, () => archiving.writeChanged(), onProblem),
  ];

  function insert(session: Session): Entry {
    const entry = residents.insert(session, session.ttlMs);
    locator.begin(entry.id);
    if (session.durable) entry.queue = createCallQueue(entry.id);
    else residents.markChanged(entry);
    return entry;
  }
  /** Nothing is known of the sessions until they are on disk. */
  async function writeFirst(changes: readonly Change[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const { entry } of changes) unwritten.set(entry, promise);
    try {
      await archiving.write(changes);
    } catch (error) {
      for (const { entry } of changes) {
        void entry.queue!.end();
        residents.drop(entry);
      }
      // they may have been written all the same
      archive.remove(changes.map(({ entry }) => entry.id)).catch(() => {});
      throw error;
    } finally {
      for (const { entry } of changes) unwritten.delete(entry);
      resolve();
    }
    for (const { entry } of changes) if (entry.queue!.leave()) entry.queue = null;
  }
  async function find(id: string): Promise<Entry> {
    for (;;) {
      const entry = await locator.find(id);
      const writing = unwritten.get(entry);
      if (writing) await writing;
      // else it was evicted or deleted since it was found
      else if (residents.has(entry)) return entry;
    }
  }
  async function addOne(session: Session, isNew: boolean): Promise<void> {
    const { id } = session;
    if (locator.get(id) || (!isNew && (await archive.has(id)))) throw exists(id);
    const entry = await archiving.admit(() => insert(session));
    if (session.durable) await writeFirst([{ entry, session }]);
  }
  /** Ends a session on disk that cannot be read. */
  async function removeDamaged(id: string): Promise<void> {
    await archive.remove([id]);
    tally.ended.deleted++;
  }

  return {
    async add(session, isNew) {
      const { id } = session;
      // whether there is one is not known before
      for (let other = adding.get(id); other; other = adding.get(id)) await other;
      const { promise, resolve } = Promise.withResolvers<void>();
      adding.set(id, promise);
      try {
        await addOne(session, isNew);
      } finally {
        adding.delete(id);
        resolve();
      }
      tally.created++;
      archiving.trim();
    },

    async addForks(sessions) {
      for (let at = 0; at < sessions.length; at += batchSize) {
        const changes: Change[] = [];
        for (const session of sessions.slice(at, at + batchSize))
          changes.push({ session, entry: await archiving.admit(() => insert(session)) });
        if (changes[0]!.session.durable) await writeFirst(changes);
        tally.created += changes.length;
        archiving.trim();
      }
    },

    async hold(id) {
      const entry = await find(id);
      if (entry.queue) await entry.queue.enter();
      else entry.queue = createCallQueue(id);
      residents.touch(entry);
      let saved = false;
      return {
        get session() {
          return toSession(entry);
        },
        save(session) {
          const keep = (): void => {
            residents.update(entry, session);
            if (!session.durable) residents.markChanged(entry);
            saved = true;
          };
          if (!session.durable) return keep();
          // first, so that a call that fails has changed nothing
          return archiving.write([{ entry, session }]).then(keep);
        },
        release() {
          residents.touch(entry);
          // the time when it expires is on disk, too
          if (!saved) residents.markChanged(entry);
          if (entry.queue!.leave()) entry.queue = null;
          archiving.trim();
        },
      };
    },

    read: async (id) => toSession(await find(id)),

    async remove(id) {
      let entry: Entry;
      try {
        entry = await find(id);
      } catch (error) {
        if (isDamaged(error)) return removeDamaged(id);
        throw error;
      }
      const isIdle = entry.queue === null;
      const queue = (entry.queue ??= createCallQueue(id));
      const ended = queue.end();
      if (isIdle) queue.leave();
      await ended;
      if (!residents.has(entry)) throw notFound(id);
      try {
        await archiving.remove(entry);
      } catch (error) {
        if (entry.queue === queue) entry.queue = null;
        throw error;
      }
      // by another call that deletes it
      if (!residents.has(entry)) throw notFound(id);
      residents.drop(entry);
      tally.ended.deleted++;
    },

    async list(query) {
      const after = query.after === undefined ? null : toSession(await find(query.after));
      if (after && query.owner !== undefined && after.owner !== query.owner) throw notFound(after.id);
      const inMemory = selectEntries(
        Iterator.from(residents.all()).filter((entry) => !unwritten.has(entry)),
        query,
        after,
      );
      const onDisk = await archive.list(query, after);
      return mergePage(inMemory, onDisk, query.limit);
    },

    get counts() {
      const { size, bytes, archived } = residents;
      return { active: size, evicted: Math.max(0, archive.size - archived), bytes };
    },
    tally,

    async close() {
      for (const stop of stops) stop();
      try {
        await archiving.writeChanged();
      } catch (error) {
        onLost(residents.dirty.size, error);
      }
      await archive.close();
    },
  };
}

const exists = (id: string): UnrollError =>
  new UnrollError('session_exists', `id: there is a session ${toOwnId(id)}`, { field: 'id' });
