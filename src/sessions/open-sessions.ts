import { UnrollError } from '../errors.ts';
import { connectRedis, type RedisOptions } from '../redis/connect.ts';
import type { TaskContext } from '../tasks/context.ts';
import { createLimitedLog } from '../telemetry/limited-log.ts';
import { createMemoryStore } from './memory/memory-store.ts';
import { createRedisStore } from './redis/redis-store.ts';
import type { SessionStore } from './session-store.ts';
import { createSessionTally } from './session-tally.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSqliteArchive, type SqliteArchiveOptions } from './sqlite/sqlite-archive.ts';
import { createVersionKeeper } from './version-keeper.ts';

export interface StoreSettings {
  readonly kind: 'embedded' | 'redis';
  readonly maxSessions: number;
  /** Of sessions in memory. */
  readonly maxBytes: number;
  /** Milliseconds between writes to disk of the sessions that have changed. */
  readonly writeMs: number;
  /** UNROLL_DATA */
  readonly folder: string;
  readonly redisUrl: string;
  readonly leaseMs: number;
  /** How long a call waits for one on another server. */
  readonly maxWaitMs: number;
  readonly log: SqliteArchiveOptions['log'] & RedisOptions['log'];
}

const problemLogMs = 60_000;

/** The kinds of stores: a new one is a line here. */
const stores: Readonly<Record<StoreSettings['kind'], (settings: StoreSettings) => Promise<SessionStore>>> = {
  async embedded({ maxSessions, maxBytes, writeMs, folder, log }) {
    const logProblem = createLimitedLog((fields, message) => log.error(fields, message), problemLogMs);
    return createMemoryStore({
      maxSessions,
      maxBytes,
      archive: createSqliteArchive({ folder, log }),
      writeMs,
      tally: createSessionTally(),
      onProblem: (error) => logProblem(toFields(error), 'sessions could not be written; they stay in memory'),
      onLost: (sessions, error) =>
        log.error(
          { sessions, ...toFields(error) },
          'sessions are lost: they could not be written at the end',
        ),
    });
  },
  async redis({ redisUrl: url, leaseMs, maxWaitMs, log }) {
    const connection = await connectRedis({ url, purpose: 'sessions', log });
    return createRedisStore(connection, { leaseMs, maxWaitMs, tally: createSessionTally() });
  },
};

/** Opens the sessions of a server, where its settings say. */
export async function openSessions(
  context: TaskContext,
  { ttlSeconds, ...settings }: StoreSettings & { readonly ttlSeconds: number },
): Promise<Sessions> {
  const store = await stores[settings.kind](settings);
  const versions = createVersionKeeper(context.repository);
  return createSessions({ store, versions, context, ttlSeconds });
}

const toFields = (error: unknown): object =>
  error instanceof UnrollError ? { reason: error.message } : { err: error };
