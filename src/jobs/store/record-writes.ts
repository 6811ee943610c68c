import { isFinished, type Job } from '../job.ts';
import type { ReportNotice } from '../../database/open-database.ts';
import { removeRecord, writeRecord, type RecordKind } from './record-files.ts';
import { errorMessage } from '../../database/database-errors.ts';
import type { JobStoreCalls } from './store.ts';

/**
 * Wraps a store so that each job, dataset and comparison is also written to its record file. Records are
 * secondary: one that cannot be written is reported, and the call succeeds.
 */
export function withRecordFiles(folder: string, store: JobStoreCalls, report: ReportNotice): JobStoreCalls {
  /** The key of each job's last written record: a change of metrics alone is not written. */
  const written = new Map<string, string>();
  const writeReported = (kind: RecordKind, id: string, row: object): void => {
    try {
      writeRecord(folder, kind, id, row);
    } catch (error) {
      report('warn', `the record of ${id} cannot be written: ${errorMessage(error)}`);
    }
  };
  const recordKey = ({ status, best, published }: Job): string => `${status} ${best} ${published}`;

  return {
    ...store,
    saveJob(job) {
      store.saveJob(job);
      const key = recordKey(job);
      if (written.get(job.id) === key) return;
      writeReported('jobs', job.id, job);
      if (isFinished(job.status)) written.delete(job.id);
      else written.set(job.id, key);
    },
    removeJob(id) {
      removeRecord(folder, 'jobs', id);
      store.removeJob(id);
    },
    saveDataset(dataset) {
      store.saveDataset(dataset);
      writeReported('datasets', dataset.id, dataset);
    },
    removeDataset(id) {
      // before the row: a writeReported without a row would be recovered
      removeRecord(folder, 'datasets', id);
      store.removeDataset(id);
    },
    saveComparison(comparison) {
      store.saveComparison(comparison);
      writeReported('comparisons', comparison.id, comparison);
    },
  };
}
