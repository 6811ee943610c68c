import { connectRedis, type RedisOptions } from '../redis/connect.ts';
import type { TaskContext } from '../tasks/context.ts';
import { createMemoryStore } from './memory/memory-store.ts';
import { createRedisStore } from './redis/redis-store.ts';
import type { SessionStore } from './session-store.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createVersionKeeper } from './version-keeper.ts';

export interface StoreOptions {
  readonly kind: 'embedded' | 'redis';
  readonly redisUrl: string;
  readonly maxSessions: number;
  readonly leaseMs: number;
  /** How long a call waits for one on another server. */
  readonly maxWaitMs: number;
  readonly log: RedisOptions['log'];
}

/** The kinds of stores: a new one is a line here. */
const stores: Readonly<Record<StoreOptions['kind'], (options: StoreOptions) => Promise<SessionStore>>> = {
  async embedded({ maxSessions, log }) {
    return createMemoryStore({
      maxSessions,
      archive: null,
      onProblem: (error) => log.error({ err: error }, 'sessions could not be written'),
    });
  },
  async redis({ redisUrl: url, log, ...lease }) {
    return createRedisStore(await connectRedis({ url, purpose: 'sessions', log }), lease);
  },
};

/** Opens the sessions of a server, where its settings say. */
export async function openSessions(
  context: TaskContext,
  { ttlSeconds, ...options }: StoreOptions & { readonly ttlSeconds: number },
): Promise<Sessions> {
  const store = await stores[options.kind](options);
  const versions = createVersionKeeper(context.repository);
  return createSessions({ store, versions, context, ttlSeconds });
}
