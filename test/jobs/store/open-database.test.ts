import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openDatabase, openReadOnly } from '../../../src/database/open-database.ts';
import { trainingFiles } from '../../../src/jobs/store/training-files.ts';
import { createSqliteStore } from '../../../src/jobs/store/sqlite-store.ts';
import { makeJob, temporaryFolder } from '../fixtures.ts';

const notices: string[] = [];
const open = (folder: string) =>
  openDatabase(folder, trainingFiles, (_, message) => void notices.push(message));

/** Creates a database with jobs, and closes it. */
function createFilled(): { folder: string; path: string } {
  const folder = temporaryFolder();
  const opened = open(folder);
  const store = createSqliteStore(opened.database);
  for (let i = 0; i < 50; i++) store.saveJob(makeJob());
  opened.close();
  return { folder, path: join(folder, 'unroll.db') };
}
const overwrite = (path: string, from: number, to: number): void =>
  writeFileSync(path, readFileSync(path).fill(0xa5, from, to));

describe('opening the database', () => {
  it.each<[string, (path: string) => void]>([
    ['half of it is gone', (path) => truncateSync(path, readFileSync(path).length / 2)],
    ['only its first 1000 bytes are left', (path) => truncateSync(path, 1000)],
    ['its header is overwritten', (path) => overwrite(path, 0, 100)],
    ['pages in its middle are overwritten', (path) => overwrite(path, 4096, 20_480)],
    ['it is text', (path) => writeFileSync(path, 'not a database, but longer than its header'.repeat(50))],
    [
      'it is a folder',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])('renames a damaged file and creates a new database: %s', (_, damage) => {
    const { folder, path } = createFilled();
    damage(path);
    notices.length = 0;
    const opened = open(folder);
    expect(opened.isNew).toBe(true);
    expect(createSqliteStore(opened.database).unfinishedJobs()).toEqual([]);
    opened.close();
    expect(readdirSync(folder).filter((name) => name.startsWith('unroll.db.damaged-'))).not.toEqual([]);
    expect(notices).toEqual([expect.stringMatching(/is damaged: it was renamed to .*unroll\.db\.damaged-/)]);
  });

  it('treats an empty file as a new database', () => {
    const { folder, path } = createFilled();
    truncateSync(path, 0);
    const opened = open(folder);
    expect(opened.isNew).toBe(true);
    opened.close();
  });

  it('rejects a database of a later version without changing it', () => {
    const { folder, path } = createFilled();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 9');
    database.close();
    const before = readFileSync(path);
    expect(() => open(folder)).toThrow(/later version of Unroll \(schema 9, supported up to 1\)/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('rejects a folder that another server uses, until that server ends', () => {
    const { folder } = createFilled();
    const first = open(folder);
    expect(() => open(folder)).toThrow(/another server trains with/);
    first.close();
    open(folder).close();
  });

  it('replaces a lock file with other content', () => {
    const { folder, path } = createFilled();
    writeFileSync(join(folder, 'unroll.lock'), '4711\n'.repeat(200));
    open(folder).close();
    copyFileSync(path, join(folder, 'unroll.lock'));
    open(folder).close();
    expect(readFileSync(join(folder, 'unroll.lock'))).not.toEqual(readFileSync(path));
  });

  it('reads beside a training server and changes nothing', () => {
    const { folder } = createFilled();
    const first = open(folder);
    const second = openReadOnly(folder, trainingFiles);
    expect(createSqliteStore(second.database).unfinishedJobs()).toHaveLength(50);
    expect(() => createSqliteStore(second.database).saveJob(makeJob())).toThrow(/readonly/);
    second.close();
    first.close();
    const empty = temporaryFolder();
    openReadOnly(empty, trainingFiles).close();
    expect(readdirSync(empty)).toEqual([]);
  });
});
