import type { Session } from '../session.ts';
import type { ListQuery } from '../session-store.ts';
import type { SessionCommands } from './session-commands.ts';

// Sorted sets of ids by age: of all sessions, of an owner, of a model. They are hints for lists: an id whose
// session is gone is dropped when it is found.

export interface SessionIndex {
  add(session: Session): Promise<void>;
  remove(session: Pick<Session, 'id' | 'owner' | 'model'>): Promise<void>;
  /** Reads the ids of a query from a rank on, the newest first; more than those that match. */
  read(query: ListQuery, from: number, count: number): Promise<readonly string[]>;
  /** The place of an id in the order of a query; null where it has none. */
  rank(query: ListQuery, id: string): Promise<number | null>;
  /** Drops ids without a session. */
  drop(query: ListQuery, ids: readonly string[]): Promise<void>;
}

const all = 'unroll:sessions';
const ofOwner = (owner: string | null): string => `${all}:owner:${owner ?? ''}`;
const ofModel = (model: string): string => `${all}:model:${model}`;
const keysOf = ({ owner, model }: Pick<Session, 'owner' | 'model'>): string[] => [
  all,
  ofOwner(owner),
  ofModel(model),
];
/** The smallest set that has all that match. */
const keyFor = ({ owner, model }: ListQuery): string =>
  owner !== undefined ? ofOwner(owner) : model !== undefined ? ofModel(model) : all;

export function createSessionIndex({ attempt }: SessionCommands): SessionIndex {
  return {
    add: ({ id, createdAt, ...rest }) =>
      attempt(async (client) => {
        await Promise.all(keysOf(rest).map((key) => client.zadd(key, createdAt, id)));
      }),
    remove: ({ id, ...rest }) =>
      attempt(async (client) => {
        await Promise.all(keysOf(rest).map((key) => client.zrem(key, id)));
      }),
    read: (query, from, count) =>
      attempt((client) => client.zrevrange(keyFor(query), from, from + count - 1)),
    rank: (query, id) => attempt((client) => client.zrevrank(keyFor(query), id)),
    drop: (query, ids) =>
      attempt(async (client) => {
        await client.zrem(keyFor(query), ...ids);
      }),
  };
}
