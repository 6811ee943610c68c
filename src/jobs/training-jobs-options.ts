import type { Repository } from '../repository/repository-interface.ts';
import type { CheckpointQuota } from '../training/run/checkpoint-quota.ts';
import type { Datasets } from './datasets.ts';
import type { DiskSpace } from './disk-space.ts';
import type { JobEvents } from './job-events.ts';
import type { JobFolders } from './job-folders.ts';
import type { JobRegistry } from './job-registry.ts';
import type { Publisher } from './publisher.ts';
import type { StartRun } from './run-handle.ts';
import type { JobStore } from './store/store.ts';

export interface TrainingJobsOptions {
  readonly store: JobStore;
  readonly registry: JobRegistry;
  readonly events: JobEvents;
  readonly folders: JobFolders;
  readonly datasets: Pick<Datasets, 'file'>;
  readonly publisher: Publisher;
  readonly repository: Pick<Repository, 'acquire'>;
  readonly modelsRoot: string;
  readonly modelsSpace: DiskSpace;
  readonly startRun: StartRun;
  /** Jobs that run at a time, and unfinished jobs (UNROLL_TRAINING_JOBS, UNROLL_TRAINING_QUEUE). */
  readonly maxRunning: number;
  readonly maxUnfinished: number;
  readonly threads: number;
  readonly memoryMegabytes: number;
  readonly quota: CheckpointQuota | null;
  readonly space: DiskSpace;
  readonly log: { warn(fields: object, message: string): void };
}
