import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createDatabaseClient, type DatabaseClientOptions } from '../../database/thread-client.ts';
import type { SessionArchive } from '../session-archive.ts';
import type { Session } from '../session.ts';
import { fromRow, toRow, type SessionRow } from '../session-row.ts';
import { sessionFiles, type SessionTable, type TableSize } from './session-table.ts';

// Sessions in a SQLite file of UNROLL_DATA, in a thread of its own, which is started by the first session, or by a
// file that is there.

export interface SqliteArchiveOptions extends Pick<DatabaseClientOptions, 'log'> {
  /** UNROLL_DATA */
  readonly folder: string;
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 10_000;
const closeMs = 10_000;

export function createSqliteArchive({
  folder,
  log,
  timeoutMs = defaultTimeoutMs,
}: SqliteArchiveOptions): SessionArchive {
  const client = createDatabaseClient({
    name: 'the file of sessions',
    code: 'sessions_unavailable',
    effect: 'sessions are kept in memory only',
    startThread: () =>
      new Worker(new URL('./archive-thread.ts', import.meta.url), { workerData: { folder } }),
    timeoutMs,
    log,
  });
  const path = join(folder, sessionFiles.file);
  const listeners: (() => void)[] = [];
  let started = false;
  /** Whether the file was ever open: before, no session of this server can be in it. */
  let wasReady = false;
  let size: TableSize = { rows: 0, losses: 0 };

  function setSize(next: TableSize): void {
    const lost = next.losses > size.losses;
    size = next;
    if (lost) for (const listener of listeners) listener();
  }
  function call<Name extends keyof SessionTable>(
    name: Name,
    ...parameters: Parameters<SessionTable[Name]>
  ): Promise<ReturnType<SessionTable[Name]>> {
    if (!started) {
      started = true;
      client.start();
    }
    return client.call(name, parameters, false) as Promise<ReturnType<SessionTable[Name]>>;
  }
  client.onReady(() => {
    log.info({ path }, 'sessions are written to disk');
    wasReady = true;
    call('size').then(setSize, () => {});
  });

  const hasFile = (): boolean => {
    try {
      return statSync(path).size > 0;
    } catch {
      // nor can there be one where there is no folder
      return false;
    }
  };
  /** Whether no session can be on disk. */
  const isUnused = (): boolean =>
    !wasReady && (!started || client.state().kind === 'unavailable') && !hasFile();
  async function find(id: string): Promise<SessionRow | null> {
    const row = isUnused() ? null : await call('read', id);
    return row && row.expiresAt > Date.now() ? row : null;
  }

  if (hasFile()) void call('size').then(setSize, () => {});
  return {
    async write(sessions, flushed) {
      setSize(await call('write', sessions.map(toRow), flushed));
    },
    async read(id) {
      const row = await find(id);
      return row && fromRow(row);
    },
    has: async (id) => (await find(id)) !== null,
    async remove(ids) {
      if (isUnused()) return;
      try {
        setSize(await call('remove', ids));
      } catch (error) {
        if (wasReady || hasFile()) throw error;
      }
    },
    async list(query, after) {
      if (isUnused()) return [];
      const rows = await call('list', query, after, Date.now());
      return rows.flatMap((row): Session[] => {
        try {
          return [fromRow(row).session];
        } catch {
          // its own calls say what is wrong with it
          return [];
        }
      });
    },
    listExpired: async (limit) => (isUnused() ? [] : call('listExpired', Date.now(), limit)),
    get size() {
      return size.rows;
    },
    onLoss: (listener) => void listeners.push(listener),
    close: () => client.close(closeMs),
  };
}
