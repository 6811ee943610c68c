import { randomBytes } from 'node:crypto';
import type { DataFile } from '../training/run/run-messages.ts';
import type { TrainingSpec } from '../training/training-spec.ts';
import type { Job, Viewer } from './job.ts';
import { unixSeconds } from './job-registry.ts';
import type { TrainingJobsOptions } from './training-jobs-options.ts';

type CreateJobOptions = Pick<
  TrainingJobsOptions,
  'folders' | 'datasets' | 'repository' | 'modelsRoot' | 'store' | 'space'
>;

/**
 * Creates a job of the viewer: its folder and its row in the database. Leaves nothing if it fails.
 * @throws UnrollError disk_full, dataset_not_found, model_not_found …
 */
export async function createJob(
  spec: TrainingSpec,
  viewer: Viewer,
  comparison: string | null,
  { folders, datasets, repository, modelsRoot, store, space }: CreateJobOptions,
): Promise<Job> {
  await space.check(0);
  const id = `job_${randomBytes(9).toString('hex')}`;
  const createFile = async (field: 'data' | 'validation'): Promise<DataFile | null> => {
    const given = spec[field];
    if ('dataset' in given) return datasets.file(given.dataset, viewer);
    return 'records' in given ? folders.writeRecords(id, field, given.records) : null;
  };
  try {
    await folders.create(id);
    const data = (await createFile('data'))!;
    const validation = await createFile('validation');
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
      owner: viewer.name,
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

/** Replaces inline records, which are in the job's own data file, by a reference. */
const withoutRecords = (spec: TrainingSpec): TrainingSpec => ({
  ...spec,
  ...('records' in spec.data && { data: { dataset: 'inline' } }),
  ...('records' in spec.validation && { validation: { dataset: 'inline' } }),
});
