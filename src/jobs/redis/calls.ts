import type { Redis } from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import type { RedisConnection } from '../../redis/connect.ts';
import { errorMessage } from '../../database/database-errors.ts';

/** Runs commands, and returns their result. */
export type Run = <T>(run: (redis: Redis) => Promise<T>) => Promise<T>;

/** Runs commands. */
export interface RedisCalls {
  /** @throws UnrollError training_unavailable while Redis cannot be reached, or refuses the command */
  readonly call: Run;
  /** Repeats the commands until Redis has executed them, or until `stop` is called. */
  readonly repeat: Run;
  /** Ends repetitions. */
  stop(): void;
}

const repeatMs = 200;

export function createRedisCalls({ client, outage }: RedisConnection): RedisCalls {
  let stopped = false;
  const toError = (error: unknown): UnrollError =>
    error instanceof UnrollError
      ? error
      : new UnrollError('training_unavailable', outage(error) ?? `Redis failed: ${errorMessage(error)}`, {
          cause: error,
        });
  return {
    async call(run) {
      try {
        return await run(client);
      } catch (error) {
        throw toError(error);
      }
    },
    async repeat(run) {
      for (;;)
        try {
          return await run(client);
        } catch (error) {
          if (stopped) throw toError(error);
          await delay(repeatMs);
        }
    },
    stop: () => void (stopped = true),
  };
}
