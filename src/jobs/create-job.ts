import { randomBytes } from 'node:crypto';
import type { DataFile } from '../training/run/run-messages.ts';
import type { TrainingSpec } from '../training/training-spec.ts';
import type { Job } from './job.ts';
import { unixSeconds } from './job-registry.ts';
import type { TrainingJobsOptions } from './training-jobs-options.ts';

type Parts = Pick<
  TrainingJobsOptions,
  'folders' | 'datasets' | 'repository' | 'modelsRoot' | 'store' | 'space'
>;

/** Makes a job's folder and its row. Nothing is left of one that fails. @throws UnrollError */
export async function createJob(
  spec: TrainingSpec,
  comparison: string | null,
  { folders, datasets, repository, modelsRoot, store, space }: Parts,
): Promise<Job> {
  await space.check(0);
  const id = `job_${randomBytes(9).toString('hex')}`;
  const fileOf = async (field: 'data' | 'validation'): Promise<DataFile | null> => {
    const given = spec[field];
    if ('dataset' in given) return datasets.file(given.dataset);
    return 'records' in given ? folders.writeRecords(id, field, given.records) : null;
  };
  try {
    await folders.create(id);
    const data = (await fileOf('data'))!;
    const validation = await fileOf('validation');
    if (spec.base !== undefined) {
      const lease = repository.acquire(spec.base);
      try {
        const { name, version } = lease.model;
        await folders.copyBase(id, `${modelsRoot}/${name}/${version}`);
      } finally {
        lease.release();
      }
    }
    const job: Job = {
      id,
      spec: withoutRecords(spec),
      status: 'validating',
      comparison,
      data,
      validation,
      createdAt: unixSeconds(),
      startedAt: null,
      finishedAt: null,
      error: null,
      metrics: {},
      best: null,
      published: null,
    };
    await store.saveJob(job);
    return job;
  } catch (error) {
    await folders.remove(id).catch(() => {});
    throw error;
  }
}

/** Inline records are in a file of the job's own by now. */
const withoutRecords = (spec: TrainingSpec): TrainingSpec => ({
  ...spec,
  ...('records' in spec.data && { data: { dataset: 'inline' } }),
  ...('records' in spec.validation && { validation: { dataset: 'inline' } }),
});
