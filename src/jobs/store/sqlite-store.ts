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

// Rows are JSON, with columns for the fields used in queries. A change survives a crash of the process once
// the call returns; changes acknowledged to a caller (a job created or finished, a dataset) are flushed and
// survive a power cut.

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

/** Events read for each trial of a comparison. */
const maxEventsPerTrial = 100_000;

type Row = Record<string, SQLOutputValue>;
const parseBody = (row: Row | undefined) => (row ? parseJsonObject(row['body']) : null);
const withoutNulls = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null);

/** @param database opened, with the schema above */
export function createSqliteStore(database: DatabaseSync): JobStoreCalls {
  const prepare = (sql: string) => database.prepare(sql);
  const nextNumber = (table: string): string => `COALESCE((SELECT MAX(number) FROM ${table}), 0) + 1`;
  const upsert = (table: string): string =>
    `INSERT INTO ${table} VALUES (?, ${nextNumber(table)}, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`;

  const saveJob = prepare(
    `INSERT INTO jobs VALUES (?, ${nextNumber('jobs')}, ?, ?) ON CONFLICT (id) DO UPDATE SET finished = excluded.finished, body = excluded.body`,
  );
  const job = prepare('SELECT body FROM jobs WHERE id = ?');
  const jobsWhere = (condition: string) =>
    prepare(
      `SELECT body FROM jobs WHERE number < COALESCE((SELECT number FROM jobs WHERE id = ?), 9e18) AND ${condition} ORDER BY number DESC LIMIT ?`,
    );
  const jobs = jobsWhere('TRUE');
  // rows of earlier versions have no owner, which is null here
  const jobsOfOwner = jobsWhere("CASE WHEN json_valid(body) THEN body ->> 'owner' IS ? END");
  const unfinished = prepare('SELECT body FROM jobs WHERE finished = 0 ORDER BY number');
  const removals = [
    prepare('DELETE FROM jobs WHERE id = ?'),
    prepare('DELETE FROM events WHERE job = ?'),
    prepare('DELETE FROM checkpoints WHERE job = ?'),
  ];
  const addEvent = prepare('INSERT INTO events (job, step, body) VALUES (?, ?, ?)');
  const events = prepare(
    'SELECT id, body FROM events WHERE job = ? AND id > ? AND json_valid(body) ORDER BY id LIMIT ?',
  );
  const saveCheckpoint = prepare(
    'INSERT INTO checkpoints VALUES (?, ?, ?) ON CONFLICT (job, step) DO UPDATE SET body = excluded.body',
  );
  const checkpoints = prepare('SELECT body FROM checkpoints WHERE job = ? ORDER BY step');
  const removeCheckpoint = prepare('DELETE FROM checkpoints WHERE job = ? AND step = ?');
  const removeLaterEvents = prepare('DELETE FROM events WHERE job = ? AND step > ?');
  const removeLaterCheckpoints = prepare('DELETE FROM checkpoints WHERE job = ? AND step > ?');
  const saveDataset = prepare(upsert('datasets'));
  const dataset = prepare('SELECT body FROM datasets WHERE id = ?');
  const datasets = prepare('SELECT body FROM datasets ORDER BY number DESC');
  const removeDataset = prepare('DELETE FROM datasets WHERE id = ?');
  const saveComparison = prepare(upsert('comparisons'));
  const comparison = prepare('SELECT body FROM comparisons WHERE id = ?');
  const comparisons = prepare('SELECT body FROM comparisons ORDER BY number DESC');

  /** Writes and flushes the write-ahead log, including earlier writes. */
  const withFlush = (write: () => unknown): void => {
    database.exec('PRAGMA synchronous = FULL');
    try {
      write();
    } finally {
      database.exec('PRAGMA synchronous = NORMAL');
    }
  };
  const findJob = (id: string) => parseJobRow(parseBody(job.get(id)));
  /** Status of rows of earlier versions, which had none and published when the last trial finished. */
  const legacyStatus = ({ trials, published }: Comparison): ComparisonStatus => {
    if (published !== null) return 'succeeded';
    const statuses = trials.map((trial) => findJob(trial.job)?.status ?? 'failed');
    if (!statuses.every(isFinished)) return 'running';
    if (statuses.includes('succeeded')) return 'succeeded';
    return statuses.includes('failed') ? 'failed' : 'cancelled';
  };

  const listEvents = (id: string, limit: number, after: number) =>
    withoutNulls(
      events.all(id, after, limit).map((row) => {
        const event = parseEventRow(parseBody(row));
        return event && { ...event, id: Number(row['id']) };
      }),
    );

  return {
    saveJob(row) {
      const write = () => saveJob.run(row.id, isFinished(row.status) ? 1 : 0, JSON.stringify(row));
      if (row.status === 'running') write();
      else withFlush(write);
    },
    job: findJob,
    jobs: ({ limit, after = '', owner }) => {
      const rows = owner === undefined ? jobs.all(after, limit) : jobsOfOwner.all(after, owner, limit);
      return withoutNulls(rows.map((row) => parseJobRow(parseBody(row))));
    },
    unfinishedJobs: () => withoutNulls(unfinished.all().map((row) => parseJobRow(parseBody(row)))),
    removeJob: (id) => withFlush(() => removals.forEach((removal) => removal.run(id))),
    addEvent: (event) => void addEvent.run(event.job, event.step, JSON.stringify(event)),
    events: (id, { limit, after }) => listEvents(id, limit, after),
    saveCheckpoint: (row) => void saveCheckpoint.run(row.job, row.step, JSON.stringify(row)),
    checkpoints: (id) => withoutNulls(checkpoints.all(id).map((row) => parseCheckpointRow(parseBody(row)))),
    removeCheckpoints: (id, steps) => steps.forEach((step) => removeCheckpoint.run(id, step)),
    removeAfterStep(id, step) {
      removeLaterEvents.run(id, step);
      removeLaterCheckpoints.run(id, step);
    },
    saveDataset: (row) => withFlush(() => saveDataset.run(row.id, JSON.stringify(row))),
    dataset: (id) => parseDatasetRow(parseBody(dataset.get(id))),
    datasets: () => withoutNulls(datasets.all().map((row) => parseDatasetRow(parseBody(row)))),
    removeDataset: (id) => withFlush(() => removeDataset.run(id)),
    saveComparison: (row) => withFlush(() => saveComparison.run(row.id, JSON.stringify(row))),
    comparison: (id) => parseComparisonRow(parseBody(comparison.get(id)), legacyStatus),
    compare: (row) =>
      compareTrials(
        row,
        row.trials.map(({ job }) => ({ job: findJob(job), events: listEvents(job, maxEventsPerTrial, 0) })),
      ),
    comparisons: () =>
      withoutNulls(comparisons.all().map((row) => parseComparisonRow(parseBody(row), legacyStatus))),
  };
}
