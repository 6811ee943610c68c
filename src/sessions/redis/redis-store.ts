import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import type { RedisConnection } from '../../redis/connect.ts';
import { createCallQueue, type CallQueue } from '../call-queue.ts';
import { decodeSession, encodeSession } from '../session-bytes.ts';
import {
  expired,
  isDamaged,
  notFound,
  type HeldSession,
  type ListQuery,
  type SessionStore,
} from '../session-store.ts';
import type { SessionTally } from '../session-tally.ts';
import type { Session } from '../session.ts';
import { acquireLease, type LeaseOptions } from './lease.ts';
import { createSessionCommands } from './session-commands.ts';
import { createSessionIndex } from './session-index.ts';
import { toOwnId } from '../session-id.ts';

// Sessions in Redis, which any number of servers share. Each call reads the session and writes it back, so that
// a server has nothing to lose.

export interface RedisStoreOptions extends LeaseOptions {
  readonly tally: SessionTally;
}

const removePollMs = 20;
/** Forks that are added at once. */
const addBatch = 64;
/** Ids that are read at once for a list. */
const listBatch = 256;

export function createRedisStore(connection: RedisConnection, options: RedisStoreOptions): SessionStore {
  const commands = createSessionCommands(connection);
  const index = createSessionIndex(commands);
  /** The calls of this server, which wait for one another here and not in Redis. */
  const queues = new Map<string, CallQueue>();
  const ttlOf = ({ ttlMs }: Session): number => Math.ceil(ttlMs);

  async function find(id: string): Promise<Session | 'missing' | 'expired'> {
    const [status, body] = (await commands.run('sessionRead', id)) as [Buffer, Buffer];
    const text = status.toString();
    return text === 'found' ? decodeSession(body) : (text as 'missing' | 'expired');
  }
  async function read(id: string): Promise<Session> {
    const found = await find(id);
    if (found === 'missing') throw notFound(id);
    if (found === 'expired') throw expired(id);
    return found;
  }

  async function add(session: Session): Promise<void> {
    const added = await commands.run('sessionAdd', session.id, encodeSession(session), ttlOf(session));
    if (added !== 1)
      throw new UnrollError('session_exists', `id: there is a session ${toOwnId(session.id)}`, {
        field: 'id',
      });
    await index.add(session);
    options.tally.created++;
  }

  return {
    add,

    async addForks(sessions) {
      for (let at = 0; at < sessions.length; at += addBatch)
        await Promise.all(sessions.slice(at, at + addBatch).map(add));
    },

    async hold(id): Promise<HeldSession> {
      const waited = queues.get(id);
      const queue = waited ?? createCallQueue(id);
      if (waited) await waited.enter();
      else queues.set(id, queue);
      const leave = (): void => {
        if (queue.leave() && queues.get(id) === queue) queues.delete(id);
      };
      try {
        const held = await acquireLease(commands, id, options);
        return {
          get session() {
            return held.session;
          },
          save: (session) => held.save(session),
          release() {
            held.release();
            leave();
          },
        };
      } catch (error) {
        leave();
        throw error;
      }
    },

    read,

    async remove(id) {
      const session = await read(id).catch((error: unknown) => {
        if (isDamaged(error)) return null;
        throw error;
      });
      const queue = queues.get(id);
      const ended = queue?.end();
      try {
        // no call begins from here on, on any server
        for (let begun = ''; ;) {
          const [left, of] = (await commands.run('sessionRemove', id, begun, options.leaseMs)) as [
            number,
            Buffer,
          ];
          // by another call, after which a session may have begun anew
          if (left < 0) throw notFound(id);
          if (left === 0) break;
          begun = of.toString();
          await delay(removePollMs);
        }
        await ended;
      } finally {
        if (queue && queues.get(id) === queue) queues.delete(id);
      }
      // what the index has of one that is damaged is dropped when it is found
      if (session) await index.remove(session);
      options.tally.ended.deleted++;
    },

    async list(query) {
      const after = query.after === undefined ? -1 : await index.rank(query, query.after);
      if (after === null) throw notFound(query.after!);
      const page: Session[] = [];
      for (let from = after + 1; page.length < query.limit; from += listBatch) {
        const ids = await index.read(query, from, listBatch);
        const found = await Promise.all(ids.map(find));
        const gone = ids.filter((_, i) => typeof found[i] === 'string');
        if (gone.length > 0) await index.drop(query, gone);
        from -= gone.length;
        for (const session of found)
          if (typeof session !== 'string' && matches(session, query)) page.push(session);
        if (ids.length < listBatch) break;
      }
      return page.slice(0, query.limit);
    },

    // they are on no server
    counts: { active: 0, evicted: 0, bytes: 0 },
    tally: options.tally,
    close: () => connection.close(),
  };
}

const matches = (session: Session, { owner, model }: ListQuery): boolean =>
  (owner === undefined || session.owner === owner) && (model === undefined || session.model === model);
