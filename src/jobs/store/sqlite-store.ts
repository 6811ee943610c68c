import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { compareTrials } from '../comparisons/compare-trials.ts';
import { isFinished, type Comparison, type ComparisonStatus } from '../job.ts';
import type { JobStoreCalls } from './store.ts';
import {
  parseCheckpointRow,
  parseComparisonRow,
  parseDatasetRow,
  parseEventRow,
  parseJobRow,
  parseJsonObject,
} from './stored-rows.ts';

// Rows are JSON beside the columns that are searched by. Every change survives the process as soon as the call returns; what a
// caller has been told (a job was made or is over, a dataset is there) survives a power cut, too, since its call flushes the log.

export const schema = `
  CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, number INTEGER NOT NULL, finished INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS jobs_by_number ON jobs (number);
  CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, step INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS events_by_job ON events (job, id);
  CREATE TABLE IF NOT EXISTS checkpoints (job TEXT NOT NULL, step INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (job, step));
  CREATE TABLE IF NOT EXISTS datasets (id TEXT PRIMARY KEY, number INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS comparisons (id TEXT PRIMARY KEY, number INTEGER NOT NULL, body TEXT NOT NULL);
`;
export const schemaVersion = 1;

/** Of one trial, when a comparison is drawn up. */
const mostEvents = 100_000;

type Row = Record<string, SQLOutputValue>;
const bodyOf = (row: Row | undefined) => (row ? parseJsonObject(row['body']) : null);
const present = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null);

/** @param database opened, with the schema above */
export function createSqliteStore(database: DatabaseSync): JobStoreCalls {
  const prepare = (sql: string) => database.prepare(sql);
  const next = (table: string): string => `COALESCE((SELECT MAX(number) FROM ${table}), 0) + 1`;
  const upsert = (table: string): string =>
    `INSERT INTO ${table} VALUES (?, ${next(table)}, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`;

  const saveJob = prepare(
    `INSERT INTO jobs VALUES (?, ${next('jobs')}, ?, ?) ON CONFLICT (id) DO UPDATE SET finished = excluded.finished, body = excluded.body`,
  );
  const job = prepare('SELECT body FROM jobs WHERE id = ?');
  const jobs = prepare(
    'SELECT body FROM jobs WHERE number < COALESCE((SELECT number FROM jobs WHERE id = ?), 9e18) ORDER BY number DESC LIMIT ?',
  );
  const unfinished = prepare('SELECT body FROM jobs WHERE finished = 0 ORDER BY number');
  const addEvent = prepare('INSERT INTO events (job, step, body) VALUES (?, ?, ?)');
  const events = prepare(
    'SELECT id, body FROM events WHERE job = ? AND id > ? AND json_valid(body) ORDER BY id LIMIT ?',
  );
  const saveCheckpoint = prepare(
    'INSERT INTO checkpoints VALUES (?, ?, ?) ON CONFLICT (job, step) DO UPDATE SET body = excluded.body',
  );
  const checkpoints = prepare('SELECT body FROM checkpoints WHERE job = ? ORDER BY step');
  const removeCheckpoint = prepare('DELETE FROM checkpoints WHERE job = ? AND step = ?');
  const forgetEvents = prepare('DELETE FROM events WHERE job = ? AND step > ?');
  const forgetCheckpoints = prepare('DELETE FROM checkpoints WHERE job = ? AND step > ?');
  const saveDataset = prepare(upsert('datasets'));
  const dataset = prepare('SELECT body FROM datasets WHERE id = ?');
  const datasets = prepare('SELECT body FROM datasets ORDER BY number DESC');
  const removeDataset = prepare('DELETE FROM datasets WHERE id = ?');
  const saveComparison = prepare(upsert('comparisons'));
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
  const jobOf = (id: string) => parseJobRow(bodyOf(job.get(id)));
  /** Rows without a status are of a version that published when the last trial was over. */
  const legacyStatus = ({ trials, published }: Comparison): ComparisonStatus => {
    if (published !== null) return 'succeeded';
    const statuses = trials.map((trial) => jobOf(trial.job)?.status ?? 'failed');
    if (!statuses.every(isFinished)) return 'running';
    if (statuses.includes('succeeded')) return 'succeeded';
    return statuses.includes('failed') ? 'failed' : 'cancelled';
  };

  const eventsOf = (id: string, limit: number, after: number) =>
    present(
      events.all(id, after, limit).map((row) => {
        const event = parseEventRow(bodyOf(row));
        return event && { ...event, id: Number(row['id']) };
      }),
    );

  return {
    saveJob(row) {
      const write = () => saveJob.run(row.id, isFinished(row.status) ? 1 : 0, JSON.stringify(row));
      if (row.status === 'running') write();
      else flushed(write);
    },
    job: jobOf,
    jobs: ({ limit, after = '' }) => present(jobs.all(after, limit).map((row) => parseJobRow(bodyOf(row)))),
    unfinishedJobs: () => present(unfinished.all().map((row) => parseJobRow(bodyOf(row)))),
    addEvent: (event) => void addEvent.run(event.job, event.step, JSON.stringify(event)),
    events: (id, { limit, after }) => eventsOf(id, limit, after),
    saveCheckpoint: (row) => void saveCheckpoint.run(row.job, row.step, JSON.stringify(row)),
    checkpoints: (id) => present(checkpoints.all(id).map((row) => parseCheckpointRow(bodyOf(row)))),
    removeCheckpoints: (id, steps) => steps.forEach((step) => removeCheckpoint.run(id, step)),
    removeAfterStep(id, step) {
      forgetEvents.run(id, step);
      forgetCheckpoints.run(id, step);
    },
    saveDataset: (row) => flushed(() => saveDataset.run(row.id, JSON.stringify(row))),
    dataset: (id) => parseDatasetRow(bodyOf(dataset.get(id))),
    datasets: () => present(datasets.all().map((row) => parseDatasetRow(bodyOf(row)))),
    removeDataset: (id) => flushed(() => removeDataset.run(id)),
    saveComparison: (row) => flushed(() => saveComparison.run(row.id, JSON.stringify(row))),
    comparison: (id) => parseComparisonRow(bodyOf(comparison.get(id)), legacyStatus),
    compare: (row) =>
      compareTrials(
        row,
        row.trials.map(({ job }) => ({ job: jobOf(job), events: eventsOf(job, mostEvents, 0) })),
      ),
    comparisons: () => present(comparisons.all().map((row) => parseComparisonRow(bodyOf(row), legacyStatus))),
  };
}
