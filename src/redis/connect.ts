import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';

// The connection to UNROLL_REDIS_URL. ioredis is imported by the first connection: a server without Redis does not load it.

export interface RedisConnection {
  readonly client: Redis;
  /** Why Redis cannot be used; null while it can. @param error of a command that has failed */
  readonly outage: (error?: unknown) => string | null;
  /** Ends the connection once pending commands are answered, after `closeMs` at the latest. Never throws. */
  close(): Promise<void>;
}

export interface RedisOptions {
  /** `redis://` or `rediss://`, with the user, the password and the number of the database. */
  readonly url: string;
  /** What the connection is for: in its name on the Redis server, and in the log. */
  readonly purpose: string;
  /**
   * For commands that block on the server, and for libraries that repeat commands themselves: a command waits
   * for a connection as long as it takes. Without it, a command fails at once while Redis cannot be reached,
   * and after `commandMs`.
   */
  readonly blocking?: boolean;
  readonly log: Readonly<Record<'info' | 'error', (fields: object, message: string) => void>>;
}

const connectMs = 5000;
const commandMs = 5000;
const closeMs = 1000;
/** Delay before a connection is tried again: doubled from the first to the second. There is no last attempt. */
const [minRetryMs, maxRetryMs] = [50, 1000];

/** Connects in the background: the client can be used at once, and again after every outage. An outage is logged once. */
export async function connectRedis({
  url,
  purpose,
  blocking = false,
  log,
}: RedisOptions): Promise<RedisConnection> {
  const { Redis } = await import('ioredis');
  const client = new Redis(url, {
    connectionName: `unroll-${purpose}`,
    connectTimeout: connectMs,
    retryStrategy: (attempt) => Math.min(maxRetryMs, minRetryMs * 2 ** Math.min(attempt - 1, 10)),
    // a replica that was promoted or demoted meanwhile is asked for by a new connection
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    ...(blocking
      ? { maxRetriesPerRequest: null }
      : {
          // a command whose connection broke may have been executed: repeating it is the caller's decision
          maxRetriesPerRequest: 0,
          enableOfflineQueue: false,
          autoResendUnfulfilledCommands: false,
          commandTimeout: commandMs,
          // a server that does not answer at all, as behind a broken network, is connected to again
          socketTimeout: 2 * commandMs,
        }),
  });
  let closing = false;
  let reason: string | null = 'Redis is not connected yet';
  let logged = false;

  function fail(error: Error | null): void {
    if (closing) return;
    reason = error ? unreachable(describe(error)) : closed;
    if (!logged) log.error({ purpose, reason }, 'Redis cannot be reached; it is tried again until it can');
    logged = true;
  }
  client.on('error', fail);
  client.on('close', () => {
    // the error that closed it says more
    if (reason === null) fail(null);
  });
  client.on('ready', () => {
    if (logged) log.info({ purpose }, 'Redis can be reached again');
    [reason, logged] = [null, false];
  });

  return {
    client,
    // the socket is unusable a moment before it is reported
    outage: (error) => reason ?? (client.status === 'ready' && !isUnwritable(error) ? null : closed),
    async close() {
      closing = true;
      const quit = client.status === 'ready' ? client.quit().catch(() => {}) : Promise.resolve();
      await Promise.race([quit, delay(closeMs, undefined, { ref: false })]);
      client.disconnect();
    },
  };
}

/** What a command fails with between the end of a connection and its report. */
const isUnwritable = (error: unknown): boolean =>
  error instanceof Error && /isn't writeable|Connection is closed/.test(error.message);

const unreachable = (reason: string): string => `Redis (UNROLL_REDIS_URL) cannot be reached: ${reason}`;
const closed = unreachable('the connection was closed');

/** The addresses of a name that were tried in vain are in an error without a message. */
const describe = (error: Error & { code?: string }): string => error.message || error.code || error.name;
