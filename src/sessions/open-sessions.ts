import type { TaskContext } from '../tasks/context.ts';
import { createMemoryStore } from './memory/memory-store.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createVersionKeeper } from './version-keeper.ts';

/** Opens the sessions of a server, where its settings say. */
export function openSessions(
  context: TaskContext,
  {
    maxSessions,
    ttlSeconds,
    log,
  }: {
    readonly maxSessions: number;
    readonly ttlSeconds: number;
    readonly log: { error(fields: object, message: string): void };
  },
): Sessions {
  const store = createMemoryStore({
    maxSessions,
    archive: null,
    onProblem: (error) => log.error({ err: error }, 'sessions could not be written'),
  });
  const versions = createVersionKeeper(context.repository);
  return createSessions({ store, versions, context, ttlSeconds });
}
