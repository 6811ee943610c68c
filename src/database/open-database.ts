import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isBusy, isDamaged } from './database-errors.ts';

// Opens a database of UNROLL_DATA for exclusive use by one server. Runs in the database thread.

/** SQLite's own wait for a lock; callers retry. */
const busyTimeoutMs = 50;

export type ReportNotice = (level: 'info' | 'warn' | 'error', message: string) => void;

/** What a database has in it, and its files. */
export interface DatabaseFiles {
  readonly file: string;
  /** Locked while a server uses the database. */
  readonly lockFile: string;
  /** SQL that creates what is missing. */
  readonly schema: string;
  readonly schemaVersion: number;
  /** Of SQLite: bytes of a page, for a new file; null for its default. */
  readonly pageBytes: number | null;
  /** Whether opening reads the whole file to find damage. */
  readonly checked: boolean;
  /** Of two servers with one folder. */
  readonly inUse: (folder: string) => string;
  /** Of a damaged file. */
  readonly damaged: (path: string, renamed: string) => string;
}

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Whether the database was just created. */
  readonly isNew: boolean;
  /** The path that a damaged file was renamed to. */
  readonly renamed: string | null;
  close(): void;
}

/**
 * Opens the database. A damaged file is renamed to `<file>.damaged-<time>` and replaced by a new database.
 * @throws Error if the folder or the file cannot be used or another server uses them; nothing stays open
 */
export function openDatabase(folder: string, files: DatabaseFiles, report: ReportNotice): OpenedDatabase {
  mkdirSync(folder, { recursive: true });
  const lock = lockFolder(folder, files);
  try {
    const path = join(folder, files.file);
    let opened: Pick<OpenedDatabase, 'database' | 'isNew'>;
    let renamed: string | null = null;
    try {
      opened = openFile(path, files);
    } catch (error) {
      if (!isDamaged(error) && !isFolder(path)) throw error;
      renamed = renameDamagedFile(folder, files, report);
      opened = openFile(path, files);
    }
    const { database } = opened;
    return {
      ...opened,
      renamed,
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
 * Opens the database without locking or creating files, for a server that only reads it. A missing file
 * reads as empty.
 */
export function openReadOnly(folder: string, { file, schema }: DatabaseFiles): OpenedDatabase {
  const path = join(folder, file);
  const isNew = !existsSync(path);
  const database = new DatabaseSync(isNew ? ':memory:' : path, { readOnly: !isNew, timeout: busyTimeoutMs });
  if (isNew) database.exec(schema);
  return { database, isNew, renamed: null, close: () => database.close() };
}

/**
 * Renames the database file and its write-ahead log, so that a new database can be created.
 * @returns the new path
 */
export function renameDamagedFile(
  folder: string,
  { file, damaged }: DatabaseFiles,
  report: ReportNotice,
): string {
  const path = join(folder, file);
  const renamed = `${path}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`;
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(path + suffix)) renameSync(path + suffix, renamed + suffix);
  report('error', damaged(path, renamed));
  return renamed;
}

/**
 * Locks the folder by an exclusive transaction on a separate file, never committed. The operating system
 * releases it when the process ends, also after a crash, unlike a file with a process id.
 */
function lockFolder(folder: string, { lockFile, inUse }: DatabaseFiles): DatabaseSync {
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
    if (isBusy(error)) throw new Error(inUse(folder), { cause: error });
    if (!isDamaged(error)) throw error;
    // servers never write to the lock file: other content can be removed
    rmSync(path);
    return acquireLock();
  }
}

/** @throws Error for a damaged file, or a file of a later version */
function openFile(
  path: string,
  { schema, schemaVersion, pageBytes, checked }: DatabaseFiles,
): { database: DatabaseSync; isNew: boolean } {
  const isNew = !existsSync(path) || statSync(path).size === 0;
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    if (pageBytes !== null) database.exec(`PRAGMA page_size = ${pageBytes}`);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const [check] = checked ? Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {}) : ['ok'];
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
