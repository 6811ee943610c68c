import { DatabaseSync } from 'node:sqlite';
import type { SessionRow } from '../session-row.ts';

// Copies what can be read of a damaged file of sessions.

const rowsAtOnce = 500;

/**
 * Copies rows into a new database: from the first up to the first that is damaged, and from the last down to the
 * last that is damaged. @returns the number of rows
 */
export function copyReadableRows(path: string, database: DatabaseSync): number {
  const columns = 'id, owner, model, createdAt, expiresAt, body';
  const insert = database.prepare(`INSERT OR IGNORE INTO sessions (${columns}) VALUES (?, ?, ?, ?, ?, ?)`);
  let copied = 0;
  /** @param place the condition and order of the rows that follow `last` @returns the last row that was read */
  function copyFrom(damaged: DatabaseSync, place: string, last: number): number {
    const next = damaged.prepare(`SELECT rowid AS row, ${columns} FROM sessions WHERE ${place} LIMIT ?`);
    for (;;) {
      const rows: (SessionRow & { readonly row: number })[] = [];
      let whole = true;
      try {
        for (const row of next.iterate(last, rowsAtOnce)) rows.push(row as unknown as (typeof rows)[number]);
      } catch {
        whole = false;
      }
      database.exec('BEGIN');
      for (const { row, id, owner, model, createdAt, expiresAt, body } of rows) {
        copied += Number(insert.run(id, owner, model, createdAt, expiresAt, body).changes);
        last = row;
      }
      database.exec('COMMIT');
      if (!whole || rows.length < rowsAtOnce) return last;
    }
  }
  try {
    const damaged = new DatabaseSync(path);
    try {
      copyFrom(damaged, 'rowid > ? ORDER BY rowid', -1);
      copyFrom(damaged, 'rowid < ? ORDER BY rowid DESC', Number.MAX_SAFE_INTEGER);
    } finally {
      damaged.close();
    }
  } catch {
    // not even its head can be read
  }
  return copied;
}
