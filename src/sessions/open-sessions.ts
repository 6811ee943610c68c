import { UnrollError } from '../errors.ts';
import type { TaskContext } from '../tasks/context.ts';
import { createLimitedLog } from '../telemetry/limited-log.ts';
import { createMemoryStore } from './memory/memory-store.ts';
import { createSessionTally } from './session-tally.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { createSqliteArchive, type SqliteArchiveOptions } from './sqlite/sqlite-archive.ts';
import { createVersionKeeper } from './version-keeper.ts';

export interface SessionSettings extends Pick<SqliteArchiveOptions, 'log'> {
  readonly maxSessions: number;
  readonly ttlSeconds: number;
  /** Milliseconds between writes to disk of the sessions that have changed. */
  readonly writeMs: number;
  /** UNROLL_DATA */
  readonly folder: string;
}

const problemLogMs = 60_000;

/** Opens the sessions of a server, where its settings say. */
export function openSessions(
  context: TaskContext,
  { maxSessions, ttlSeconds, writeMs, folder, log }: SessionSettings,
): Sessions {
  const logProblem = createLimitedLog((fields, message) => log.error(fields, message), problemLogMs);
  const store = createMemoryStore({
    maxSessions,
    archive: createSqliteArchive({ folder, log }),
    writeMs,
    tally: createSessionTally(),
    onProblem: (error) => logProblem(toFields(error), 'sessions could not be written; they stay in memory'),
    onLost: (sessions, error) =>
      log.error({ sessions, ...toFields(error) }, 'sessions are lost: they could not be written at the end'),
  });
  const versions = createVersionKeeper(context.repository);
  return createSessions({ store, versions, context, ttlSeconds });
}

const toFields = (error: unknown): object =>
  error instanceof UnrollError ? { reason: error.message } : { err: error };
