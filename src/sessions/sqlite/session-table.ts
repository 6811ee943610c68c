import type { DatabaseSync } from 'node:sqlite';
import type { DatabaseFiles } from '../../database/open-database.ts';
import type { Aged, PageQuery } from '../session-store.ts';
import type { SessionRow } from '../session-row.ts';

// The table of sessions. Runs in the database thread.

export const sessionFiles: DatabaseFiles = {
  file: 'sessions.db',
  lockFile: 'sessions.lock',
  schema: `
    CREATE TABLE IF NOT EXISTS sessions (
      id TEXT PRIMARY KEY, owner TEXT, model TEXT NOT NULL, createdAt REAL NOT NULL, expiresAt REAL NOT NULL, body BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS sessions_by_age ON sessions (createdAt DESC, id);
    CREATE INDEX IF NOT EXISTS sessions_by_owner ON sessions (owner, createdAt DESC, id);
    CREATE INDEX IF NOT EXISTS sessions_by_model ON sessions (model, createdAt DESC, id);
    CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (expiresAt);
  `,
  schemaVersion: 1,
  // three sessions of a 2 × 128 LSTM in each, rather than one
  pageBytes: 8192,
  // a million sessions have gigabytes: every one has a checksum instead
  checked: false,
  inUse: (folder) => `another server keeps its sessions in ${folder} (UNROLL_DATA)`,
  damaged: (path, renamed) => `the file of sessions ${path} is damaged: it was renamed to ${renamed}`,
};

/** How many sessions there are, and how often the file was replaced because it was damaged. */
export interface TableSize {
  readonly rows: number;
  readonly losses: number;
}

/** The calls of the thread by name. */
export interface SessionTable {
  /** All or none. */
  write(rows: readonly SessionRow[], flushed: boolean): TableSize;
  read(id: string): SessionRow | null;
  remove(ids: readonly string[]): TableSize;
  list(query: PageQuery, after: Aged | null, nowMs: number): SessionRow[];
  listExpired(nowMs: number, limit: number): string[];
  size(): TableSize;
}

/** @param losses how often the file was replaced */
export function createSessionTable(database: DatabaseSync, losses: number): SessionTable {
  const columns = 'id, owner, model, createdAt, expiresAt, body';
  const update = database.prepare(
    'UPDATE sessions SET owner = ?, model = ?, createdAt = ?, expiresAt = ?, body = ? WHERE id = ?',
  );
  const insert = database.prepare(`INSERT INTO sessions (${columns}) VALUES (?, ?, ?, ?, ?, ?)`);
  const find = database.prepare(`SELECT ${columns} FROM sessions WHERE id = ?`);
  const remove = database.prepare('DELETE FROM sessions WHERE id = ?');
  const expired = database.prepare('SELECT id FROM sessions WHERE expiresAt <= ? ORDER BY expiresAt LIMIT ?');
  let rows = Number(database.prepare('SELECT COUNT(*) AS count FROM sessions').get()!['count']);
  const size = (): TableSize => ({ rows, losses });

  /** Runs statements as one transaction. @param change adds to the number of rows */
  function inTransaction(change: () => number): TableSize {
    database.exec('BEGIN IMMEDIATE');
    try {
      const added = change();
      database.exec('COMMIT');
      rows += added;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
    return size();
  }

  return {
    write(all, flushed) {
      if (flushed) database.exec('PRAGMA synchronous = FULL');
      try {
        return inTransaction(() => {
          let added = 0;
          for (const { id, owner, model, createdAt, expiresAt, body } of all) {
            if (update.run(owner, model, createdAt, expiresAt, body, id).changes) continue;
            insert.run(id, owner, model, createdAt, expiresAt, body);
            added++;
          }
          return added;
        });
      } finally {
        if (flushed) database.exec('PRAGMA synchronous = NORMAL');
      }
    },
    read: (id) => (find.get(id) as unknown as SessionRow | undefined) ?? null,
    remove: (ids) => inTransaction(() => -ids.reduce((sum, id) => sum + Number(remove.run(id).changes), 0)),
    list({ limit, owner, model }, after, nowMs) {
      const conditions = ['expiresAt > ?'];
      const values: (string | number | null)[] = [nowMs];
      const add = (condition: string, ...given: readonly (string | number | null)[]): void => {
        conditions.push(condition);
        values.push(...given);
      };
      if (owner !== undefined) add('owner IS ?', owner);
      if (model !== undefined) add('model = ?', model);
      // the first condition is what an index can begin from
      if (after)
        add('createdAt <= ? AND (createdAt < ? OR id > ?)', after.createdAt, after.createdAt, after.id);
      const where = conditions.join(' AND ');
      const sql = `SELECT ${columns} FROM sessions WHERE ${where} ORDER BY createdAt DESC, id LIMIT ?`;
      return database.prepare(sql).all(...values, limit) as unknown as SessionRow[];
    },
    listExpired: (nowMs, limit) => expired.all(nowMs, limit).map(({ id }) => id as string),
    size,
  };
}
