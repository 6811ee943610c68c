import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parseJsonObject } from './stored-rows.ts';

// Copies of the database's jobs, datasets and comparisons as files, from which a damaged database is
// restored: <data>/jobs/<id>/job.json, <data>/datasets/<id>.json, <data>/comparisons/<id>.json. Used in the
// database thread.

export type RecordKind = 'jobs' | 'datasets' | 'comparisons';

const recordPath = (folder: string, kind: RecordKind, id: string): string =>
  kind === 'jobs' ? join(folder, kind, id, 'job.json') : join(folder, kind, `${id}.json`);

/** Writes a record atomically: to a temporary file that is flushed and renamed. */
export function writeRecord(folder: string, kind: RecordKind, id: string, record: object): void {
  const path = recordPath(folder, kind, id);
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.draft`;
  const file = openSync(draft, 'w');
  try {
    writeSync(file, `${JSON.stringify(record)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}

export const removeRecord = (folder: string, kind: RecordKind, id: string): void =>
  rmSync(recordPath(folder, kind, id), { force: true });

/** @returns null for a missing or unreadable record */
export function readRecord(
  folder: string,
  kind: RecordKind,
  id: string,
): Readonly<Record<string, unknown>> | null {
  try {
    return parseJsonObject(readFileSync(recordPath(folder, kind, id), 'utf8'));
  } catch {
    return null;
  }
}

/** Ids of all entries that may have a record. */
export function listRecordIds(folder: string, kind: RecordKind): string[] {
  try {
    const names = readdirSync(join(folder, kind)).filter((name) => !name.startsWith('.'));
    if (kind === 'jobs') return names;
    return names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  } catch {
    return [];
  }
}
