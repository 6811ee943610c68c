import { findCheckpoints } from '../find-checkpoints.ts';
import { publishCheckpoint } from '../publish-checkpoint.ts';
import { UnrollError } from '../../errors.ts';
import { checkInterface } from '../check-publishing.ts';
import { checkJob } from '../check-job.ts';
import { createJob } from '../create-job.ts';
import { isVisible, type Job, type JobStatus } from '../job.ts';
import type { JobEvents } from '../job-events.ts';
import { unixSeconds } from '../job-registry.ts';
import type { JobReservations } from '../job-reservations.ts';
import { readSeries } from '../metric-series.ts';
import { checkMemory } from '../memory-check.ts';
import { toDiskFullError } from '../../database/database-errors.ts';
import { removeCheckpoint, removeJob } from '../remove-job.ts';
import { checkTrainingSpec } from '../../training/check-spec.ts';
import type { TrainingJobs } from '../training-jobs.ts';
import type { TrainingJobsOptions } from '../training-jobs-options.ts';
import { validateJob } from '../validate-job.ts';
import type { RedisCalls } from './calls.ts';
import type { JobChanges } from './job-changes.ts';
import { keys } from './keys.ts';
import { nextEntry, type JobQueue } from './redis-queue.ts';

// Training jobs of servers that run none: a server creates, shows and changes them, and workers run them.

export interface RedisJobsOptions extends Pick<
  TrainingJobsOptions,
  | 'store'
  | 'folders'
  | 'datasets'
  | 'publisher'
  | 'repository'
  | 'modelsRoot'
  | 'space'
  | 'threads'
  | 'memoryMegabytes'
  | 'log'
> {
  readonly calls: RedisCalls;
  readonly changes: JobChanges;
  readonly queue: JobQueue;
  readonly events: JobEvents;
  readonly reservations: JobReservations;
  /** Unfinished jobs by status, as last counted. */
  readonly counts: () => Readonly<Partial<Record<JobStatus, number>>>;
}

/** Gives a job an entry in the queue, which makes its earlier entries obsolete. @throws UnrollError training_unavailable */
export async function enqueueJob(
  job: string,
  { calls, queue }: Pick<RedisJobsOptions, 'calls' | 'queue'>,
): Promise<void> {
  const entry = await nextEntry(calls, job);
  await calls.call((redis) => redis.hset(keys.job(job), 'entry', entry));
  await queue.add(job, entry);
}

export function createRedisJobs(options: RedisJobsOptions): TrainingJobs {
  const { store, changes, queue, events, reservations, publisher, log } = options;

  const find: TrainingJobs['get'] = async (id, viewer) => {
    const job = await store.job(id);
    if (!job || !isVisible(job, viewer))
      throw new UnrollError('job_not_found', `there is no training job ${id}`);
    return job;
  };

  /** Runs in the background. A worker that takes the job first validates it itself. */
  async function validate(job: Job): Promise<void> {
    const problem = await validateJob(job).catch((error: unknown) => {
      log.warn({ job: job.id, err: error }, 'the data of a job cannot be read');
      return 'the data cannot be read';
    });
    if (problem === null) return void (await changes.apply(job.id, 'validated'));
    const error = { code: 'invalid_dataset', message: problem } as const;
    const rejected = await changes.apply(job.id, 'rejected', { error }, `the job has failed: ${problem}`);
    if (rejected) await queue.decideTrial(rejected);
  }
  const inBackground = (job: string, work: Promise<unknown>, what: string): void =>
    void work.catch((error: unknown) => log.warn({ job, err: error }, what));

  /** @throws UnrollError job_not_found, job_state_conflict, training_unavailable */
  async function stop(...[id, viewer, action, participle]: Parameters<JobChanges['request']>): Promise<Job> {
    const { job, changed, entry } = await changes.request(id, viewer, action, participle);
    if (!changed) return job;
    if (entry !== null) inBackground(id, queue.remove(entry), 'the entry of a job cannot be removed');
    await queue.decideTrial(job);
    return job;
  }

  // whether the folder can be written is the workers' affair: they check it at their start
  const checkPublishing: TrainingJobs['checkPublishing'] = (spec, name) =>
    checkInterface(spec, name, options.modelsRoot);
  const checkSpec: TrainingJobs['checkSpec'] = (spec) => {
    checkTrainingSpec(spec);
    checkMemory(spec, options.threads, options.memoryMegabytes);
  };

  return {
    reservations,
    checkSpec,
    checkPublishing,
    async create(spec, viewer, trial) {
      const release = trial ? () => {} : await reservations.reserve([spec.model], viewer);
      try {
        if (!trial) await checkPublishing(spec, spec.model);
        checkSpec(spec);
        const job = await createJob(spec, viewer, trial?.comparison ?? null, options);
        // the job is accepted: what fails from here on is made up for by `reconcile`
        inBackground(job.id, announce(job), 'a job cannot be put in the queue yet');
        await enqueueJob(job.id, options).catch(() => {});
        inBackground(job.id, validate(job), 'a job cannot be validated here');
        return job;
      } catch (error) {
        throw toDiskFullError(error) ?? error;
      } finally {
        release();
      }
    },
    async check(spec, viewer) {
      await checkPublishing(spec, spec.model);
      checkSpec(spec);
      return checkJob(spec, viewer, options);
    },
    get: find,
    list: (page, { name, all }) => store.jobs(all ? page : { ...page, owner: name }),
    progress: (id) => events.lastProgress(id),
    cancel: (id, viewer) => stop(id, viewer, 'request_cancel', 'cancelled'),
    pause: (id, viewer) => stop(id, viewer, 'request_pause', 'paused'),
    async resume(id, viewer) {
      const { job, changed } = await changes.request(id, viewer, 'resume', 'resumed');
      if (changed) await enqueueJob(id, options).catch(() => {});
      return job;
    },
    checkpoints: async (id, viewer) => findCheckpoints(store, await find(id, viewer)),
    series: async (id, metric, points, viewer) =>
      readSeries(store, (await find(id, viewer)).id, metric, points),
    publish: async (id, step, viewer, how) =>
      publishCheckpoint({ store, publisher }, await find(id, viewer), step, how),
    async remove(id, viewer) {
      const job = await find(id, viewer);
      await removeJob(job, options);
      return job;
    },
    removeCheckpoint: async (id, step, viewer) => removeCheckpoint(await find(id, viewer), step, options),
    counts: options.counts,
    // workers count them
    steps: () => 0,
    async close() {},
  };

  function announce({ id, status }: Job): Promise<void> {
    const message = 'the job is validating';
    return store.addEvent({
      job: id,
      createdAt: unixSeconds(),
      type: 'status',
      level: 'info',
      message,
      step: 0,
      data: { status },
    });
  }
}
