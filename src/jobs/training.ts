import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createComparisons, type Comparisons } from './comparisons.ts';
import { createDatasets, type Datasets } from './datasets.ts';
import { createJobEvents, type JobEvents } from './job-events.ts';
import { createJobFolders } from './job-folders.ts';
import { startRunThread } from './run-handle.ts';
import { createSqliteStore } from './sqlite-store.ts';
import type { JobStore } from './store.ts';
import { createTrainingJobs, type TrainingJobs, type TrainingJobsOptions } from './training-jobs.ts';

/** Everything about training that the routes speak to. */
export interface Training {
  readonly jobs: TrainingJobs;
  readonly datasets: Datasets;
  readonly comparisons: Comparisons;
  readonly events: JobEvents;
  readonly store: JobStore;
  readonly mostDatasetBytes: number;
  start(): Promise<void>;
  close(ms: number): Promise<void>;
}

export type TrainingOptions = Omit<
  TrainingJobsOptions,
  'store' | 'events' | 'folders' | 'datasets' | 'startRun'
> & {
  /** UNROLL_DATA */
  readonly folder: string;
  readonly mostDatasetBytes: number;
  /** For tests: another thread than the one that trains. */
  readonly startRun?: TrainingJobsOptions['startRun'];
};

export function createTraining(options: TrainingOptions): Training {
  const { folder, mostDatasetBytes, startRun = startRunThread } = options;
  mkdirSync(folder, { recursive: true });
  const store = createSqliteStore(join(folder, 'unroll.db'));
  const events = createJobEvents(store);
  const datasets = createDatasets(store, join(folder, 'datasets'), mostDatasetBytes);
  const folders = createJobFolders(join(folder, 'jobs'));
  const jobs = createTrainingJobs({ ...options, store, events, folders, datasets, startRun });
  const comparisons = createComparisons(store, jobs, options.log);
  return {
    jobs,
    datasets,
    comparisons,
    events,
    store,
    mostDatasetBytes,
    start: () => jobs.start(),
    async close(ms) {
      await jobs.close(ms);
      store.close();
    },
  };
}
