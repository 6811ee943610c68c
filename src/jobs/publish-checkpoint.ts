import { toDiskFullError } from '../database/database-errors.ts';
import { UnrollError } from '../errors.ts';
import type { Job, JobCheckpoint } from './job.ts';
import { findCheckpoints } from './find-checkpoints.ts';
import type { Publisher } from './publisher.ts';
import type { JobStore } from './store/store.ts';

/** Publishes a checkpoint of a job, once. @throws UnrollError checkpoint_not_found, disk_full */
export async function publishCheckpoint(
  { store, publisher }: { readonly store: Pick<JobStore, 'checkpoints'>; readonly publisher: Publisher },
  job: Pick<Job, 'id' | 'spec' | 'best'>,
  step: number,
): Promise<JobCheckpoint> {
  const { id, spec } = job;
  const row = (await findCheckpoints(store, job)).find((one) => one.step === step);
  if (!row) throw new UnrollError('checkpoint_not_found', `job ${id} has no checkpoint of step ${step}`);
  try {
    return { ...row, published: await publisher.publish(id, step, spec.model) };
  } catch (error) {
    throw toDiskFullError(error) ?? error;
  }
}
