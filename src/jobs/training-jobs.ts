import { randomBytes } from 'node:crypto';
import { UnrollError } from '../errors.ts';
import { publishVersion } from '../repository/publish-version.ts';
import type { Repository } from '../repository/repository-interface.ts';
import { checkpointFolder } from '../training/checkpoint.ts';
import { validateData } from '../training/data/validate-data.ts';
import type { DataFile } from '../training/run-messages.ts';
import type { TrainingSpec } from '../training/training-spec.ts';
import { diskFull, type Datasets } from './datasets.ts';
import { isOver, type Job, type JobCheckpoint, type JobStatus } from './job.ts';
import { createJobBooks, now } from './job-books.ts';
import type { JobEvents, Progress } from './job-events.ts';
import type { JobFolders } from './job-folders.ts';
import { createJobRuns } from './job-runs.ts';
import type { StartRun } from './run-handle.ts';
import type { JobStore } from './store.ts';

export interface TrainingJobs {
  /** Takes up what was under way when the server last ended. */
  start(): Promise<void>;
  /** @throws UnrollError name_taken, too_many_jobs, dataset_not_found, model_not_found, disk_full … */
  create(spec: TrainingSpec, options?: { comparison?: string }): Promise<Job>;
  /** @throws UnrollError job_not_found */
  get(id: string): Job;
  list(page: { limit: number; after?: string | undefined }): Job[];
  progress(id: string): Progress | null;
  /** All three: @throws UnrollError job_not_found, job_state_conflict */
  cancel(id: string): Job;
  pause(id: string): Job;
  resume(id: string): Job;
  checkpoints(id: string): JobCheckpoint[];
  /** Makes a checkpoint the next version of a model. @throws UnrollError checkpoint_not_found */
  publish(id: string, step: number, name?: string): Promise<JobCheckpoint>;
  counts(): Readonly<Partial<Record<JobStatus, number>>>;
  /** Training steps run since the start. */
  steps(): number;
  /** Called whenever a job is over. */
  onOver(hear: (job: Job) => void): void;
  /** Stops what runs at its next step; it goes on when the server starts again. */
  close(ms: number): Promise<void>;
}

export interface TrainingJobsOptions {
  readonly store: JobStore;
  readonly events: JobEvents;
  readonly folders: JobFolders;
  readonly datasets: Datasets;
  readonly repository: Pick<Repository, 'acquire' | 'rescan'>;
  readonly modelsRoot: string;
  readonly startRun: StartRun;
  /** Jobs at a time, and how many may wait. */
  readonly atOnce: number;
  readonly queue: number;
  readonly threads: number;
  readonly memoryMegabytes: number;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

export function createTrainingJobs(options: TrainingJobsOptions): TrainingJobs {
  const { store, events, folders, datasets, repository, modelsRoot, log } = options;
  const books = createJobBooks(store, events, log);
  const { find, move } = books;
  const runs = createJobRuns({ ...options, books, complete });

  /** The best checkpoint becomes a model; a comparison publishes only the best of its trials. */
  async function complete(id: string, best: number): Promise<void> {
    try {
      const { comparison, spec } = find(id);
      const published = comparison === null ? await publishStep(id, best, spec.model) : null;
      const message = published
        ? `the job has succeeded: step ${best} is ${published}`
        : 'the job has succeeded';
      books.guarded(id, () => move(id, 'succeeded', { changes: { best, published }, message, step: best }));
    } catch (error) {
      const full = diskFull(error);
      log.warn({ job: id, err: error }, 'a trained model could not be published');
      books.guarded(id, () =>
        books.fail(id, full?.code ?? 'internal', full?.message ?? 'the model could not be published', best),
      );
    }
  }

  async function publishStep(id: string, step: number, name: string): Promise<string> {
    const version = await publishVersion(modelsRoot, name, checkpointFolder(folders.of(id), step));
    await repository.rescan();
    const published = `${name}@${version}`;
    const row = store.checkpoints(id).find((one) => one.step === step);
    if (row) store.saveCheckpoint({ ...row, published });
    return published;
  }

  /** What can be seen of a spec before its data is read. @throws UnrollError */
  function check(spec: TrainingSpec, comparison: string | null): void {
    const rival = store.unfinishedJobs().find((job) => job.spec.model === spec.model);
    if (rival)
      throw new UnrollError(
        'name_taken',
        `model: job ${rival.id} makes ${spec.model} already, it is ${rival.status}`,
        {
          field: 'model',
        },
      );
    if (runs.waiting >= options.queue && comparison === null)
      throw new UnrollError(
        'too_many_jobs',
        `at most ${options.queue} jobs may wait (UNROLL_TRAINING_QUEUE)`,
        {
          retryAfterSeconds: 60,
        },
      );
  }

  /** In the background: what goes wrong is the job's. */
  function validate(job: Job): void {
    validateAll(job).catch((error: unknown) => {
      log.warn({ job: job.id, err: error }, 'a job’s data could not be read');
      books.guarded(job.id, () => books.fail(job.id, 'invalid_dataset', 'the data could not be read'));
    });
  }

  /** Reads the data through, so that a wrong line is told before the job waits its turn. */
  async function validateAll(job: Job): Promise<void> {
    for (const [field, file] of [
      ['data', job.data],
      ['validation', job.validation],
    ] as const) {
      if (!file) continue;
      const { errors } = await validateData(file, job.spec.task);
      const [first] = errors;
      if (first)
        return void books.guarded(job.id, () =>
          books.fail(
            job.id,
            'invalid_dataset',
            `${field}: ${errors
              .slice(0, 5)
              .map(({ line, message }) => `line ${line}: ${message}`)
              .join('; ')}`,
          ),
        );
    }
    books.guarded(job.id, () => {
      // it may have been cancelled or paused meanwhile
      if (find(job.id).status !== 'validating') return;
      move(job.id, 'queued');
      runs.enqueue(job.id);
    });
  }

  return {
    async start() {
      for (const job of store.unfinishedJobs()) {
        if (job.status === 'cancelling') move(job.id, 'cancelled');
        else if (job.status === 'validating') validate(job);
        else if (job.status !== 'paused') runs.enqueue(job.id);
      }
    },

    async create(spec, { comparison } = {}) {
      check(spec, comparison ?? null);
      const id = `job_${randomBytes(9).toString('hex')}`;
      try {
        await folders.make(id);
        const fileOf = async (field: 'data' | 'validation'): Promise<DataFile | null> => {
          const given = spec[field];
          if ('dataset' in given) return datasets.file(given.dataset);
          return 'records' in given ? folders.writeRecords(id, field, given.records) : null;
        };
        const data = (await fileOf('data'))!;
        const validation = await fileOf('validation');
        if (spec.base !== undefined) await copyBase(id, spec.base);
        // again: others may have come while files were written
        check(spec, comparison ?? null);
        const job: Job = {
          id,
          spec: withoutRecords(spec),
          status: 'validating',
          comparison: comparison ?? null,
          data,
          validation,
          createdAt: now(),
          startedAt: null,
          finishedAt: null,
          error: null,
          metrics: {},
          best: null,
          published: null,
        };
        store.saveJob(job);
        const moved = move(id, 'validating');
        validate(job);
        return moved;
      } catch (error) {
        await folders.remove(id).catch(() => {});
        throw diskFull(error) ?? error;
      }
    },

    get: find,
    list: (page) => store.jobs(page),
    progress: (id) => events.lastProgress(id),

    cancel(id) {
      const job = find(id);
      if (isOver(job.status)) throw conflict(job, 'cancelled');
      if (!runs.ask(id, 'cancel')) return move(id, 'cancelled');
      return job.status === 'cancelling' ? job : move(id, 'cancelling');
    },

    pause(id) {
      const job = find(id);
      if (job.status === 'paused') return job;
      if (isOver(job.status) || job.status === 'cancelling') throw conflict(job, 'paused');
      return runs.ask(id, 'pause') ? job : move(id, 'paused');
    },

    resume(id) {
      const job = find(id);
      if (job.status !== 'paused') throw conflict(job, 'resumed');
      const moved = move(id, 'queued');
      runs.enqueue(id);
      return moved;
    },

    checkpoints: (id) => store.checkpoints(find(id).id),

    async publish(id, step, name) {
      const { spec } = find(id);
      const row = store.checkpoints(id).find((one) => one.step === step);
      if (!row) throw new UnrollError('checkpoint_not_found', `job ${id} has no checkpoint of step ${step}`);
      try {
        const published = await publishStep(id, step, name ?? spec.model);
        return { ...row, published };
      } catch (error) {
        throw diskFull(error) ?? error;
      }
    },

    counts() {
      const counts: Partial<Record<JobStatus, number>> = {};
      for (const { status } of store.unfinishedJobs()) counts[status] = (counts[status] ?? 0) + 1;
      return counts;
    },
    steps: () => runs.steps,
    onOver: books.onOver,

    close: runs.close,
  };

  async function copyBase(id: string, reference: string): Promise<void> {
    const lease = repository.acquire(reference);
    try {
      const { name, version } = lease.model;
      await folders.copyBase(id, `${modelsRoot}/${name}/${version}`);
    } finally {
      lease.release();
    }
  }
}

const conflict = ({ id, status }: Job, wish: string): UnrollError =>
  new UnrollError('job_state_conflict', `job ${id} is ${status}: it cannot be ${wish}`);

/** Inline records are in a file of the job's own by now. */
const withoutRecords = (spec: TrainingSpec): TrainingSpec => ({
  ...spec,
  ...('records' in spec.data && { data: { dataset: 'inline' } }),
  ...('records' in spec.validation && { validation: { dataset: 'inline' } }),
});
