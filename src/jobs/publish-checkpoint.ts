import { toDiskFullError } from '../database/database-errors.ts';
import { UnrollError } from '../errors.ts';
import type { Job, JobCheckpoint } from './job.ts';
import type { Publisher } from './publisher.ts';
import type { JobStore } from './store/store.ts';

/** Publishes a checkpoint of a job, once. @throws UnrollError checkpoint_not_found, disk_full */
export async function publishCheckpoint(
  { store, publisher }: { readonly store: Pick<JobStore, 'checkpoints'>; readonly publisher: Publisher },
  { id, spec }: Pick<Job, 'id' | 'spec'>,
  step: number,
): Promise<JobCheckpoint> {
  const row = (await store.checkpoints(id)).find((one) => one.step === step);
  if (!row) throw new UnrollError('checkpoint_not_found', `job ${id} has no checkpoint of step ${step}`);
  try {
    return { ...row, published: await publisher.publish(id, step, spec.model) };
  } catch (error) {
    throw toDiskFullError(error) ?? error;
  }
}
