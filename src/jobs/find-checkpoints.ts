import type { Job, JobCheckpoint } from './job.ts';
import type { JobStore } from './store/store.ts';

/** The checkpoints of a job, oldest first. One of them is the best; a stored row says whether it was when it was written. */
export async function findCheckpoints(
  store: Pick<JobStore, 'checkpoints'>,
  { id, best }: Pick<Job, 'id' | 'best'>,
): Promise<JobCheckpoint[]> {
  return (await store.checkpoints(id)).map((row) => ({ ...row, best: row.step === best }));
}
