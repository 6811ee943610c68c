import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { isOver, type Comparison, type Dataset, type Job, type JobCheckpoint, type JobEvent } from './job.ts';
import type { JobStore } from './store.ts';

// Rows are JSON beside the columns that are searched by. Every change survives the process as soon as the call returns, and what a
// caller has been told (a job was made or is over, a dataset is there) a power cut, too. A flush can take tens of milliseconds, in
// which this thread serves nobody: what a running job says of itself does not wait for one.

const schema = `
  CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, number INTEGER NOT NULL, finished INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS jobs_by_number ON jobs (number);
  CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, step INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS events_by_job ON events (job, id);
  CREATE TABLE IF NOT EXISTS checkpoints (job TEXT NOT NULL, step INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (job, step));
  CREATE TABLE IF NOT EXISTS datasets (id TEXT PRIMARY KEY, number INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS comparisons (id TEXT PRIMARY KEY, number INTEGER NOT NULL, body TEXT NOT NULL);
`;
const schemaVersion = 1;

type Row = Record<string, SQLOutputValue>;
const parsed = (row: Row): unknown => JSON.parse(String(row['body']));
const bodyOf = (row: Row | undefined): unknown => (row ? parsed(row) : null);
const bodiesOf = (rows: readonly Row[]): unknown[] => rows.map(parsed);

/** @param path of the database file, which is made where it is missing @throws Error for one of a later version */
export function createSqliteStore(path: string): JobStore {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > schemaVersion) {
    database.close();
    throw new Error(
      `${path} was written by a later version of Unroll (schema ${version}, this one knows ${schemaVersion})`,
    );
  }
  database.exec(`${schema} PRAGMA user_version = ${schemaVersion};`);
  const prepare = (sql: string) => database.prepare(sql);
  const next = (table: string): string => `COALESCE((SELECT MAX(number) FROM ${table}), 0) + 1`;

  const saveJob = prepare(
    `INSERT INTO jobs VALUES (?, ${next('jobs')}, ?, ?) ON CONFLICT (id) DO UPDATE SET finished = excluded.finished, body = excluded.body`,
  );
  const job = prepare('SELECT body FROM jobs WHERE id = ?');
  const jobs = prepare(
    'SELECT body FROM jobs WHERE number < COALESCE((SELECT number FROM jobs WHERE id = ?), 9e18) ORDER BY number DESC LIMIT ?',
  );
  const unfinished = prepare('SELECT body FROM jobs WHERE finished = 0 ORDER BY number');
  const addEvent = prepare('INSERT INTO events (job, step, body) VALUES (?, ?, ?)');
  const events = prepare('SELECT id, body FROM events WHERE job = ? AND id > ? ORDER BY id LIMIT ?');
  const saveCheckpoint = prepare(
    'INSERT INTO checkpoints VALUES (?, ?, ?) ON CONFLICT (job, step) DO UPDATE SET body = excluded.body',
  );
  const checkpoints = prepare('SELECT body FROM checkpoints WHERE job = ? ORDER BY step');
  const forgetEvents = prepare('DELETE FROM events WHERE job = ? AND step > ?');
  const forgetCheckpoints = prepare('DELETE FROM checkpoints WHERE job = ? AND step > ?');
  const saveDataset = prepare(`INSERT INTO datasets VALUES (?, ${next('datasets')}, ?)`);
  const dataset = prepare('SELECT body FROM datasets WHERE id = ?');
  const datasets = prepare('SELECT body FROM datasets ORDER BY number DESC');
  const removeDataset = prepare('DELETE FROM datasets WHERE id = ?');
  const saveComparison = prepare(
    `INSERT INTO comparisons VALUES (?, ${next('comparisons')}, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`,
  );
  const comparison = prepare('SELECT body FROM comparisons WHERE id = ?');
  const comparisons = prepare('SELECT body FROM comparisons ORDER BY number DESC');

  /** Flushes the log behind what is written, and what was written before. */
  const flushed = (write: () => unknown): void => {
    database.exec('PRAGMA synchronous = FULL');
    try {
      write();
    } finally {
      database.exec('PRAGMA synchronous = NORMAL');
    }
  };

  return {
    saveJob(row) {
      const write = () => saveJob.run(row.id, isOver(row.status) ? 1 : 0, JSON.stringify(row));
      if (row.status === 'running') write();
      else flushed(write);
    },
    job: (id) => bodyOf(job.get(id)) as Job | null,
    jobs: ({ limit, after = '' }) => bodiesOf(jobs.all(after, limit)) as Job[],
    unfinishedJobs: () => bodiesOf(unfinished.all()) as Job[],
    addEvent(event) {
      const { lastInsertRowid } = addEvent.run(event.job, event.step, JSON.stringify(event));
      return { ...event, id: Number(lastInsertRowid) };
    },
    events: (id, { limit, after }) =>
      events.all(id, after, limit).map((row) => ({ ...(bodyOf(row) as JobEvent), id: Number(row['id']) })),
    saveCheckpoint: (row) => void saveCheckpoint.run(row.job, row.step, JSON.stringify(row)),
    checkpoints: (id) => bodiesOf(checkpoints.all(id)) as JobCheckpoint[],
    forgetAfter(id, step) {
      forgetEvents.run(id, step);
      forgetCheckpoints.run(id, step);
    },
    saveDataset: (row) => flushed(() => saveDataset.run(row.id, JSON.stringify(row))),
    dataset: (id) => bodyOf(dataset.get(id)) as Dataset | null,
    datasets: () => bodiesOf(datasets.all()) as Dataset[],
    removeDataset: (id) => flushed(() => removeDataset.run(id)),
    saveComparison: (row) => flushed(() => saveComparison.run(row.id, JSON.stringify(row))),
    comparison: (id) => bodyOf(comparison.get(id)) as Comparison | null,
    comparisons: () => bodiesOf(comparisons.all()) as Comparison[],
    close: () => database.close(),
  };
}
