import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { schema, schemaVersion } from './sqlite-store.ts';
import { isBusy, isDamaged } from './store-errors.ts';

// Opens the database of UNROLL_DATA for exclusive use by one server. Runs in the database thread.

const databaseFile = 'unroll.db';
const lockFile = 'unroll.lock';
/** SQLite's own wait for a lock; callers retry. */
const busyTimeoutMs = 50;

export type ReportNotice = (level: 'info' | 'warn' | 'error', message: string) => void;

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Whether the database was just created. */
  readonly isNew: boolean;
  close(): void;
}

/**
 * Opens the database. A damaged file is renamed to `unroll.db.damaged-<time>` and replaced by a new database.
 * @throws Error if the folder or the file cannot be used or another server uses them; nothing stays open
 */
export function openDatabase(folder: string, report: ReportNotice): OpenedDatabase {
  mkdirSync(folder, { recursive: true });
  const lock = lockFolder(folder);
  try {
    const path = join(folder, databaseFile);
    let opened: Omit<OpenedDatabase, 'close'>;
    try {
      opened = openFile(path);
    } catch (error) {
      if (!isDamaged(error) && !isFolder(path)) throw error;
      renameDamagedFile(path, report);
      opened = openFile(path);
    }
    const { database } = opened;
    return {
      ...opened,
      close() {
        database.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * Opens the database without locking or creating files, for a server that does not train. A missing file
 * reads as empty.
 */
export function openReadOnly(folder: string): OpenedDatabase {
  const path = join(folder, databaseFile);
  const isNew = !existsSync(path);
  const database = new DatabaseSync(isNew ? ':memory:' : path, { readOnly: !isNew, timeout: busyTimeoutMs });
  if (isNew) database.exec(schema);
  return { database, isNew, close: () => database.close() };
}

/** Renames the database file and its write-ahead log, so that a new database can be created. */
export function renameDamagedFile(path: string, report: ReportNotice): void {
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.damaged-${time}${suffix}`);
  report(
    'error',
    `the training database ${path} is damaged: it was renamed to ${path}.damaged-${time}, and jobs are recovered from their folders`,
  );
}

export const databasePath = (folder: string): string => join(folder, databaseFile);

/**
 * Locks the folder by an exclusive transaction on a separate file, never committed. The operating system
 * releases it when the process ends, also after a crash, unlike a file with a process id.
 */
function lockFolder(folder: string): DatabaseSync {
  const path = join(folder, lockFile);
  const acquireLock = (): DatabaseSync => {
    const lock = new DatabaseSync(path, { timeout: 0 });
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return lock;
    } catch (error) {
      lock.close();
      throw error;
    }
  };
  try {
    return acquireLock();
  } catch (error) {
    if (isBusy(error))
      throw new Error(`another server trains with ${folder} (UNROLL_DATA)`, { cause: error });
    if (!isDamaged(error)) throw error;
    // servers never write to the lock file: other content can be removed
    rmSync(path);
    return acquireLock();
  }
}

/** @throws Error for a damaged file, or a file of a later version */
function openFile(path: string): { database: DatabaseSync; isNew: boolean } {
  const isNew = !existsSync(path) || statSync(path).size === 0;
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const [check] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {});
    if (check !== 'ok') throw Object.assign(new Error(String(check)), { errcode: 11 });
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    if (version > schemaVersion)
      throw new Error(
        `${path} was written by a later version of Unroll (schema ${version}, supported up to ${schemaVersion})`,
      );
    database.exec(`${schema} PRAGMA user_version = ${schemaVersion};`);
    return { database, isNew };
  } catch (error) {
    database.close();
    throw error;
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
