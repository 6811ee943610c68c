import { isFinished, type Job } from '../job.ts';
import type { ReportNotice } from './open-database.ts';
import { removeRecord, writeRecord, type RecordKind } from './record-files.ts';
import { errorMessage } from './store-errors.ts';
import type { JobStoreCalls } from './store.ts';

/**
 * The same calls, writing each job, dataset and comparison to its record as well. A record follows the database: one that
 * cannot be written is reported and fails nothing.
 */
export function withRecordFiles(folder: string, store: JobStoreCalls, notice: ReportNotice): JobStoreCalls {
  /** What a job's record says of it; metrics change too often to be written every time. */
  const written = new Map<string, string>();
  const record = (kind: RecordKind, id: string, row: object): void => {
    try {
      writeRecord(folder, kind, id, row);
    } catch (error) {
      notice('warn', `the record of ${id} cannot be written: ${errorMessage(error)}`);
    }
  };
  const changes = ({ status, best, published }: Job): string => `${status} ${best} ${published}`;

  return {
    ...store,
    saveJob(job) {
      store.saveJob(job);
      const now = changes(job);
      if (written.get(job.id) === now) return;
      record('jobs', job.id, job);
      if (isFinished(job.status)) written.delete(job.id);
      else written.set(job.id, now);
    },
    saveDataset(dataset) {
      store.saveDataset(dataset);
      record('datasets', dataset.id, dataset);
    },
    removeDataset(id) {
      // before the row: a record without a row would be put back
      removeRecord(folder, 'datasets', id);
      store.removeDataset(id);
    },
    saveComparison(comparison) {
      store.saveComparison(comparison);
      record('comparisons', comparison.id, comparison);
    },
  };
}
