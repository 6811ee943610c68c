import { toDiskFullError } from '../database/database-errors.ts';
import { UnrollError } from '../errors.ts';
import { findCheckpoints } from './find-checkpoints.ts';
import type { Job, JobCheckpoint } from './job.ts';
import type { Publication, Publisher } from './publisher.ts';
import type { JobStore } from './store/store.ts';

/** How a caller has a checkpoint published, whatever the job's policy. */
export interface PublishRequest extends Pick<Publication, 'force'> {
  readonly alias: string;
}

/**
 * Publishes a checkpoint of a job, once.
 * @throws UnrollError checkpoint_not_found, publish_refused, models_read_only, disk_full
 */
export async function publishCheckpoint(
  { store, publisher }: { readonly store: Pick<JobStore, 'checkpoints'>; readonly publisher: Publisher },
  job: Publication['job'] & Pick<Job, 'best'>,
  step: number,
  how: PublishRequest,
): Promise<JobCheckpoint> {
  const missing = new UnrollError('checkpoint_not_found', `job ${job.id} has no checkpoint of step ${step}`);
  const row = (await findCheckpoints(store, job)).find((one) => one.step === step);
  if (!row) throw missing;
  try {
    const name = job.spec.model;
    const { version, reason } = await publisher.publish({ job, step, name, policy: 'always', ...how });
    if (version === null) throw new UnrollError('publish_refused', reason);
    return { ...row, published: version };
  } catch (error) {
    // removed meanwhile, to keep no more than the job asks for
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing;
    throw toDiskFullError(error) ?? error;
  }
}
