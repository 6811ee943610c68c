import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Job, JobCheckpoint } from '../job.ts';
import type { ReportNotice } from '../../database/open-database.ts';
import { readRecord, listRecordIds } from './record-files.ts';
import type { JobStoreCalls } from './store.ts';
import { parseComparisonRow, parseDatasetRow, parseJobRow, parseJsonObject } from './stored-rows.ts';
import { specFile } from '../../model-files.ts';

/**
 * Restores missing and unreadable rows of the database from the record files: jobs with their checkpoints,
 * datasets and comparisons. Events are only in the database, and lost with it.
 * @returns the number of restored rows
 */
export function recoverRecords(
  folder: string,
  store: JobStoreCalls,
  database: DatabaseSync,
  report: ReportNotice,
): number {
  const jobs = listRecordIds(folder, 'jobs')
    .filter((id) => store.job(id) === null)
    .map((id) => parseJobRow(readRecord(folder, 'jobs', id)))
    .filter((job) => job !== null)
    .toSorted((a, b) => a.createdAt - b.createdAt);
  if (jobs.length > 0) continueEventIds(database);
  for (const job of jobs) {
    store.saveJob(job);
    for (const checkpoint of listCheckpoints(folder, job)) store.saveCheckpoint(checkpoint);
    store.addEvent({
      job: job.id,
      createdAt: Date.now() / 1000,
      type: 'message',
      level: 'warn',
      message: 'the job was recovered from its folder; its earlier events are lost',
      step: 0,
      data: {},
    });
  }
  const datasets = listRecordIds(folder, 'datasets')
    .filter((id) => store.dataset(id) === null)
    .map((id) => parseDatasetRow(readRecord(folder, 'datasets', id)))
    .filter((one) => one !== null && existsSync(join(folder, 'datasets', `${one.id}.${one.format}`)))
    .filter((one) => one !== null);
  for (const dataset of datasets) store.saveDataset(dataset);
  const comparisons = listRecordIds(folder, 'comparisons')
    .filter((id) => store.comparison(id) === null)
    .map((id) => parseComparisonRow(readRecord(folder, 'comparisons', id), () => 'failed'))
    .filter((one) => one !== null);
  for (const comparison of comparisons) store.saveComparison(comparison);

  const count = jobs.length + datasets.length + comparisons.length;
  if (count > 0)
    report(
      'warn',
      `recovered ${jobs.length} training jobs, ${datasets.length} datasets and ${comparisons.length} comparisons from ${folder}`,
    );
  return count;
}

/** Starts event ids above all that were ever assigned, so that a client's Last-Event-ID stays valid. */
function continueEventIds(database: DatabaseSync): void {
  const { seq } = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'").get() ?? {};
  if (seq !== undefined) return;
  database.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)").run(Date.now());
}

/** Checkpoints of a job on the disk. @param folder UNROLL_DATA */
export function listCheckpoints(folder: string, { id, best }: Job): JobCheckpoint[] {
  const folderPath = join(folder, 'jobs', id, 'checkpoints');
  if (!existsSync(folderPath)) return [];
  const steps = readdirSync(folderPath).filter((name) => /^\d+$/.test(name));
  return steps.flatMap((name): JobCheckpoint[] => {
    const path = join(folderPath, name, specFile);
    if (!existsSync(path)) return [];
    const { provenance } = (parseJsonObject(readFileSync(path, 'utf8')) ?? {}) as {
      provenance?: { training?: { metrics?: Record<string, number> } };
    };
    const step = Number(name);
    const createdAt = statSync(path).mtimeMs / 1000;
    const metrics = provenance?.training?.metrics ?? {};
    return [{ job: id, step, epoch: 0, createdAt, metrics, best: step === best, published: null }];
  });
}
