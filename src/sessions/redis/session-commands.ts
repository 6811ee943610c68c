import { UnrollError } from '../../errors.ts';
import type { RedisConnection } from '../../redis/connect.ts';
import { scripts, type ScriptName } from './scripts.ts';

type Value = string | number | Buffer;

/** Commands on sessions. Each fails with sessions_unavailable while Redis cannot be reached. */
export interface SessionCommands {
  /** Runs a script on a session. */
  readonly run: (name: ScriptName, id: string, ...values: readonly Value[]) => Promise<unknown>;
  /** Runs other commands. */
  readonly attempt: <T>(work: (client: RedisConnection['client']) => Promise<T>) => Promise<T>;
}

const prefix = 'unroll:session:';
/** In braces, so that the keys of a session are in one place of a cluster. */
const keysOf = (id: string): string[] => ['', ':was', ':lease'].map((suffix) => `${prefix}{${id}}${suffix}`);

export function createSessionCommands({ client, outage }: RedisConnection): SessionCommands {
  for (const [name, lua] of Object.entries(scripts))
    client.defineCommand(name, { numberOfKeys: keysOf('').length, lua });
  const commands = client as unknown as Record<
    `${ScriptName}Buffer`,
    (...values: readonly Value[]) => Promise<unknown>
  >;
  async function attempt<T>(work: (to: typeof client) => Promise<T>): Promise<T> {
    try {
      return await work(client);
    } catch (error) {
      const reason = outage(error) ?? (error instanceof Error ? error.message : String(error));
      throw new UnrollError('sessions_unavailable', reason, { retryAfterSeconds: 1, cause: error });
    }
  }
  return {
    run: (name, id, ...values) => attempt(() => commands[`${name}Buffer`](...keysOf(id), ...values)),
    attempt,
  };
}
