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

// A copy of what the database says of jobs, datasets and comparisons in files of their own, from which a damaged database is
// rebuilt: <data>/jobs/<id>/job.json, <data>/datasets/<id>.json, <data>/comparisons/<id>.json. Used in the database's thread.

export type RecordKind = 'jobs' | 'datasets' | 'comparisons';

const recordPath = (folder: string, kind: RecordKind, id: string): string =>
  kind === 'jobs' ? join(folder, kind, id, 'job.json') : join(folder, kind, `${id}.json`);

/** Writes the file whole or not at all. */
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

/** Null where there is none that can be read. */
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

/** Ids of all that may have a record. */
export function listRecordIds(folder: string, kind: RecordKind): string[] {
  try {
    const names = readdirSync(join(folder, kind)).filter((name) => !name.startsWith('.'));
    if (kind === 'jobs') return names;
    return names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  } catch {
    return [];
  }
}
