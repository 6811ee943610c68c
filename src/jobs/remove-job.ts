import { rm } from 'node:fs/promises';
import { UnrollError } from '../errors.ts';
import { checkpointFolder } from '../training/run/checkpoint.ts';
import {
  addUsedBytes,
  folderBytes,
  listCheckpointSteps,
  type CheckpointQuota,
} from '../training/run/checkpoint-quota.ts';
import { isDecided, isFinished, type Job } from './job.ts';
import type { JobFolders } from './job-folders.ts';
import type { JobStore } from './store/store.ts';

export interface RemovalParts {
  readonly store: Pick<JobStore, 'removeJob' | 'removeCheckpoints' | 'checkpoints' | 'comparison'>;
  readonly folders: Pick<JobFolders, 'path' | 'remove'>;
  /** Null where others count the bytes of checkpoints. */
  readonly quota?: CheckpointQuota | null;
}

/** @throws UnrollError job_state_conflict */
function requireFinished({ id, status }: Job): void {
  if (!isFinished(status))
    throw new UnrollError(
      'job_state_conflict',
      `job ${id} is ${status}: it cannot be deleted before it has ended`,
    );
}

/**
 * Deletes a finished job with its checkpoints, events and inline records. Models that it has published stay.
 * @throws UnrollError job_state_conflict; in_use for a trial of a comparison that is not decided
 */
export async function removeJob(job: Job, { store, folders, quota }: RemovalParts): Promise<void> {
  requireFinished(job);
  const comparison = job.comparison === null ? null : await store.comparison(job.comparison);
  if (comparison && !isDecided(comparison.status))
    throw new UnrollError(
      'in_use',
      `job ${job.id} is a trial of comparison ${comparison.id}, which is not decided`,
    );
  const folder = folders.path(job.id);
  for (const step of await listCheckpointSteps(folder))
    await removeFolder(checkpointFolder(folder, step), quota);
  // before the row: a folder without a row would be recovered as a job
  await folders.remove(job.id);
  await store.removeJob(job.id);
}

/**
 * Deletes a checkpoint of a finished job. A version that was published of it stays.
 * @throws UnrollError job_state_conflict, checkpoint_not_found
 */
export async function removeCheckpoint(
  job: Job,
  step: number,
  { store, folders, quota }: RemovalParts,
): Promise<void> {
  requireFinished(job);
  if (!(await store.checkpoints(job.id)).some((one) => one.step === step))
    throw new UnrollError('checkpoint_not_found', `job ${job.id} has no checkpoint of step ${step}`);
  await removeFolder(checkpointFolder(folders.path(job.id), step), quota);
  await store.removeCheckpoints(job.id, [step]);
}

async function removeFolder(path: string, quota: CheckpointQuota | null | undefined): Promise<void> {
  const bytes = quota ? await folderBytes(path) : 0;
  await rm(path, { recursive: true, force: true });
  if (quota) addUsedBytes(quota, -bytes);
}
