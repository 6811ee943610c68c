import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { schema, schemaVersion } from './sqlite-store.ts';
import { isBusy, isDamaged } from './store-errors.ts';

// Opens the database of UNROLL_DATA for one server alone. Used in the database's thread.

const databaseFile = 'unroll.db';
const lockFile = 'unroll.lock';
/** Milliseconds that SQLite itself waits for a lock; whoever calls tries again. */
const waitMs = 50;

export type ReportNotice = (level: 'info' | 'warn' | 'error', message: string) => void;

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Whether it was made just now: nothing is in it. */
  readonly isNew: boolean;
  close(): void;
}

/**
 * A damaged file is renamed to `unroll.db.damaged-<time>` and a new one takes its place.
 * @throws Error where the folder or the file cannot be used, or another server uses them; then nothing stays open
 */
export function openDatabase(folder: string, notice: ReportNotice): OpenedDatabase {
  mkdirSync(folder, { recursive: true });
  const lock = lockFolder(folder);
  try {
    const path = join(folder, databaseFile);
    let opened: Omit<OpenedDatabase, 'close'>;
    try {
      opened = openFile(path);
    } catch (error) {
      if (!isDamaged(error) && !isFolder(path)) throw error;
      renameDamagedFile(path, notice);
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

/** For a server that does not train: nothing is locked, made or changed. A missing file is an empty database. */
export function openReadOnly(folder: string): OpenedDatabase {
  const path = join(folder, databaseFile);
  const isNew = !existsSync(path);
  const database = new DatabaseSync(isNew ? ':memory:' : path, { readOnly: !isNew, timeout: waitMs });
  if (isNew) database.exec(schema);
  return { database, isNew, close: () => database.close() };
}

/** Renames the file and its log, so that a new one can take its place. */
export function renameDamagedFile(path: string, notice: ReportNotice): void {
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(path + suffix)) renameSync(path + suffix, `${path}.damaged-${time}${suffix}`);
  notice(
    'error',
    `the training database ${path} is damaged: it was renamed to ${path}.damaged-${time}, and jobs are recovered from their folders`,
  );
}

export const databasePath = (folder: string): string => join(folder, databaseFile);

/**
 * An exclusive transaction on a file of its own, never committed. The operating system ends it with the process, however that
 * ends; a file with a process id in it would outlive it.
 */
function lockFolder(folder: string): DatabaseSync {
  const path = join(folder, lockFile);
  const take = (): DatabaseSync => {
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
    return take();
  } catch (error) {
    if (isBusy(error))
      throw new Error(`another server trains with ${folder} (UNROLL_DATA)`, { cause: error });
    if (!isDamaged(error)) throw error;
    // it has no content: whatever is in it was not written by a server
    rmSync(path);
    return take();
  }
}

/** @throws Error for a damaged file, and for one of a later version */
function openFile(path: string): { database: DatabaseSync; isNew: boolean } {
  const isNew = !existsSync(path) || statSync(path).size === 0;
  const database = new DatabaseSync(path, { timeout: waitMs });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const [check] = Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {});
    if (check !== 'ok') throw Object.assign(new Error(String(check)), { errcode: 11 });
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    if (version > schemaVersion)
      throw new Error(
        `${path} was written by a later version of Unroll (schema ${version}, this one knows ${schemaVersion})`,
      );
    database.exec(`${schema} PRAGMA user_version = ${schemaVersion};`);
    return { database, isNew };
  } catch (error) {
    database.close();
    throw error;
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
