import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError, type ErrorCode } from '../errors.ts';
import { publishVersion } from '../repository/publish-version.ts';
import type { Repository } from '../repository/repository-interface.ts';
import { checkpointFolder } from '../training/checkpoint.ts';
import { validateData } from '../training/data/validate-data.ts';
import type { DataFile, FromRun } from '../training/run-messages.ts';
import type { TrainingSpec } from '../training/training-spec.ts';
import { diskFull, type Datasets } from './datasets.ts';
import { isOver, type Job, type JobCheckpoint, type JobStatus } from './job.ts';
import type { JobEvents, Progress } from './job-events.ts';
import type { JobFolders } from './job-folders.ts';
import type { RunHandle, StartRun } from './run-handle.ts';
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

interface Running {
  readonly handle: RunHandle;
  /** What was asked of it, and has not happened yet. */
  asked: 'pause' | 'cancel' | null;
  /** Whether it has made a step: before that, it can be ended at once. */
  stepped: boolean;
  said: Extract<FromRun, { kind: 'ended' | 'failed' }> | null;
  lastStep: number;
}

export function createTrainingJobs(options: TrainingJobsOptions): TrainingJobs {
  const { store, events, folders, datasets, repository, modelsRoot, startRun, log } = options;
  const running = new Map<string, Running>();
  const hearers: ((job: Job) => void)[] = [];
  let waiting: string[] = [];
  let closing = false;
  let stepCount = 0;

  const now = (): number => Date.now() / 1000;
  const find = (id: string): Job => {
    const job = store.job(id);
    if (!job) throw new UnrollError('job_not_found', `there is no training job ${id}`);
    return job;
  };
  const change = (id: string, changes: Partial<Job>): Job => {
    const job = { ...find(id), ...changes };
    store.saveJob(job);
    return job;
  };
  const tell = (
    job: string,
    message: string,
    {
      level = 'info',
      step = 0,
      data = {},
    }: { level?: 'info' | 'warn' | 'error'; step?: number; data?: object } = {},
  ): void => events.add({ job, type: 'status', level, message, step, data: { ...data } });

  function move(
    id: string,
    status: JobStatus,
    changes: Partial<Job> = {},
    message = `the job is ${status}`,
  ): Job {
    const over = isOver(status);
    const last = running.get(id)?.lastStep ?? 0;
    // said first: whoever follows until the end must have heard it
    tell(id, message, { level: status === 'failed' ? 'error' : 'info', step: last, data: { status } });
    const job = change(id, { status, ...(over && { finishedAt: now() }), ...changes });
    if (over || status === 'paused') events.ended(id);
    if (over) {
      for (const hear of hearers) hear(job);
    }
    return job;
  }

  function fail(id: string, code: ErrorCode, message: string): void {
    move(id, 'failed', { error: { code, message } }, `the job has failed: ${message}`);
  }

  /** Whatever goes wrong with one job's books must not stop the others, or the server. */
  function guarded(id: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      const full = diskFull(error);
      log.warn({ job: id, err: error }, 'a training job could not go on');
      try {
        fail(id, full?.code ?? 'internal', full?.message ?? 'the job’s books could not be kept');
      } catch (again) {
        log.warn({ job: id, err: again }, 'nor could that be written down');
      }
    }
  }

  function enqueue(id: string): void {
    waiting.push(id);
    startNext();
  }

  function startNext(): void {
    while (!closing && running.size < options.atOnce && waiting.length > 0) {
      const id = waiting.shift()!;
      // its place is taken before anything is awaited
      const entry: Running = {
        handle: { ask() {}, kill() {} },
        asked: null,
        stepped: false,
        said: null,
        lastStep: 0,
      };
      running.set(id, entry);
      void begin(id, entry);
    }
  }

  async function begin(id: string, entry: Running): Promise<void> {
    try {
      const resume = await folders.lastResumable(id);
      const job = find(id);
      store.forgetAfter(id, resume ?? 0);
      if (entry.asked !== null) return settle(id, entry, null);
      move(
        id,
        'running',
        { startedAt: job.startedAt ?? now() },
        resume === null ? 'the job is running' : `the job goes on from step ${resume}`,
      );
      const handle = startRun(
        {
          spec: job.spec,
          data: job.data,
          validation: job.validation,
          base: folders.base(id),
          folder: folders.of(id),
          resume,
          threads: options.threads,
          memoryMegabytes: options.memoryMegabytes,
        },
        {
          heard: (message) => guarded(id, () => hear(id, entry, message)),
          exited: (reason) => guarded(id, () => settle(id, entry, reason)),
        },
      );
      Object.assign(entry, { handle });
      if (entry.asked !== null) handle.ask(entry.asked);
    } catch (error) {
      running.delete(id);
      guarded(id, () => {
        throw error;
      });
      startNext();
    }
  }

  function hear(id: string, entry: Running, message: FromRun): void {
    switch (message.kind) {
      case 'progress':
        count(entry, message.step);
        return events.progress(id, message);
      case 'event': {
        const { type, level, message: text, step, data } = message;
        count(entry, step);
        if (type === 'metrics') change(id, { metrics: numbersOf(data) });
        return events.add({ job: id, type, level, message: text, step, data });
      }
      case 'checkpoint': {
        const { step, epoch, metrics, best } = message;
        store.saveCheckpoint({ job: id, step, epoch, createdAt: now(), metrics, best, published: null });
        if (best) change(id, { best: step });
        return events.add({
          job: id,
          type: 'checkpoint',
          level: 'info',
          message: `step ${step}: checkpoint${best ? ', the best so far' : ''}`,
          step,
          data: { step, best },
        });
      }
      case 'ended':
      case 'failed':
        entry.said = message;
    }
  }

  function count(entry: Running, step: number): void {
    entry.stepped ||= step > 0;
    stepCount += Math.max(0, step - entry.lastStep);
    entry.lastStep = Math.max(step, entry.lastStep);
  }

  /** A thread is gone: what that means for its job. */
  function settle(id: string, entry: Running, reason: string | null): void {
    const { said, asked } = entry;
    if (closing) {
      running.delete(id);
      return;
    }
    if (said?.kind === 'failed') fail(id, said.code, said.message);
    else if (asked === 'cancel') move(id, 'cancelled');
    else if (asked === 'pause' && said?.how !== 'succeeded') move(id, 'paused');
    else if (said?.kind === 'ended') {
      // stays among those that run until its model stands
      void complete(id, said.best ?? said.step);
      return;
    } else fail(id, 'internal', `the training thread died: ${reason ?? 'without a word'}`);
    running.delete(id);
    startNext();
  }

  async function complete(id: string, best: number): Promise<void> {
    try {
      const { comparison, spec } = find(id);
      const published = comparison === null ? await publishStep(id, best, spec.model) : null;
      move(
        id,
        'succeeded',
        { best, published },
        published ? `the job has succeeded: step ${best} is ${published}` : 'the job has succeeded',
      );
    } catch (error) {
      const full = diskFull(error);
      guarded(id, () =>
        fail(id, full?.code ?? 'internal', full?.message ?? 'the model could not be published'),
      );
      log.warn({ job: id, err: error }, 'a trained model could not be published');
    } finally {
      running.delete(id);
      startNext();
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
    if (waiting.length >= options.queue && comparison === null)
      throw new UnrollError(
        'too_many_jobs',
        `at most ${options.queue} jobs may wait (UNROLL_TRAINING_QUEUE)`,
        {
          retryAfterSeconds: 60,
        },
      );
  }

  /** Reads the data through, so that a wrong line is told before the job waits its turn. */
  async function validate(job: Job): Promise<void> {
    for (const [field, file] of [
      ['data', job.data],
      ['validation', job.validation],
    ] as const) {
      if (!file) continue;
      const { errors } = await validateData(file, job.spec.task);
      const [first] = errors;
      if (first)
        return guarded(job.id, () =>
          fail(
            job.id,
            'invalid_dataset',
            `${field}: ${errors
              .slice(0, 5)
              .map(({ line, message }) => `line ${line}: ${message}`)
              .join('; ')}`,
          ),
        );
    }
    guarded(job.id, () => {
      // it may have been cancelled or paused meanwhile
      if (find(job.id).status !== 'validating') return;
      move(job.id, 'queued');
      enqueue(job.id);
    });
  }

  return {
    async start() {
      for (const job of store.unfinishedJobs()) {
        if (job.status === 'cancelling') move(job.id, 'cancelled');
        else if (job.status === 'validating') void validate(job);
        else if (job.status !== 'paused') enqueue(job.id);
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
        tell(id, 'the job is validating', { data: { status: 'validating' } });
        void validate(job);
        return job;
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
      const entry = running.get(id);
      if (!entry) {
        waiting = waiting.filter((one) => one !== id);
        return move(id, 'cancelled');
      }
      entry.asked = 'cancel';
      stop(entry);
      return job.status === 'cancelling' ? job : move(id, 'cancelling');
    },

    pause(id) {
      const job = find(id);
      if (job.status === 'paused') return job;
      if (isOver(job.status) || job.status === 'cancelling') throw conflict(job, 'paused');
      const entry = running.get(id);
      if (!entry) {
        waiting = waiting.filter((one) => one !== id);
        return move(id, 'paused');
      }
      entry.asked ??= 'pause';
      stop(entry);
      return job;
    },

    resume(id) {
      const job = find(id);
      if (job.status !== 'paused') throw conflict(job, 'resumed');
      const moved = move(id, 'queued');
      enqueue(id);
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
    steps: () => stepCount,
    onOver: (hear) => void hearers.push(hear),

    async close(ms) {
      closing = true;
      for (const entry of running.values()) {
        entry.asked ??= 'pause';
        stop(entry);
      }
      const until = Date.now() + ms;
      while (running.size > 0 && Date.now() < until) await delay(20);
      for (const { handle } of running.values()) handle.kill();
    },
  };

  /** Before its first step there is nothing to keep. */
  function stop({ handle, asked, stepped }: Running): void {
    if (stepped) handle.ask(asked!);
    else handle.kill();
  }

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

const numbersOf = (data: Readonly<Record<string, unknown>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
