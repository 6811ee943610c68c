import { findCheckpoints } from './find-checkpoints.ts';
import { publishCheckpoint, type PublishRequest } from './publish-checkpoint.ts';
import { UnrollError } from '../errors.ts';
import { checkTrainingSpec } from '../training/check-spec.ts';
import type { TrainingSpec } from '../training/training-spec.ts';
import { checkInterface, checkModelFolder, type PublishedSpec } from './check-publishing.ts';
import { checkJob, type CheckedJob } from './check-job.ts';
import { createJob } from './create-job.ts';
import { isFinished, isVisible, type Job, type JobCheckpoint, type JobStatus, type Viewer } from './job.ts';
import type { Progress } from './job-events.ts';
import { createJobReservations, type JobReservations } from './job-reservations.ts';
import type { Applied, JobRegistry } from './job-registry.ts';
import { createJobRuns } from './job-runs.ts';
import { readSeries, type MetricSeries } from './metric-series.ts';
import { checkMemory } from './memory-check.ts';
import { toDiskFullError, errorMessage } from '../database/database-errors.ts';
import { removeCheckpoint, removeJob } from './remove-job.ts';
import { validateJob } from './validate-job.ts';
import type { TrainingJobsOptions } from './training-jobs-options.ts';

/** Training jobs as callers use them, wherever they run. */
export interface TrainingJobs {
  /**
   * @throws UnrollError name_taken, too_many_jobs, dataset_not_found, model_not_found, training_too_large,
   * disk_full …
   */
  create(spec: TrainingSpec, viewer: Viewer, trial?: { comparison: string }): Promise<Job>;
  /** Checks a job as `create` does, and creates nothing. @throws as `create`, but for places in the queue */
  check(spec: TrainingSpec, viewer: Viewer): Promise<CheckedJob>;
  /** @throws UnrollError invalid_request, training_too_large */
  checkSpec(spec: TrainingSpec): void;
  /**
   * Checks that what is trained under a name can be published.
   * @throws UnrollError publish_refused, training_unavailable, disk_full, models_read_only
   */
  checkPublishing(spec: PublishedSpec, name: string): Promise<void>;
  /** Reservations for jobs that are about to be created. */
  readonly reservations: JobReservations;
  // a job of others is as if there were none
  /** @throws UnrollError job_not_found */
  get(id: string, viewer: Viewer): Promise<Job>;
  list(page: { limit: number; after?: string | undefined }, viewer: Viewer): Promise<Job[]>;
  progress(id: string): Progress | null;
  /** `cancel`, `pause` and `resume` @throws UnrollError job_not_found, job_state_conflict */
  cancel(id: string, viewer: Viewer): Promise<Job>;
  pause(id: string, viewer: Viewer): Promise<Job>;
  resume(id: string, viewer: Viewer): Promise<Job>;
  checkpoints(id: string, viewer: Viewer): Promise<JobCheckpoint[]>;
  /** A metric over the steps of a job, of at most `points` points. @throws UnrollError job_not_found */
  series(id: string, metric: string, points: number, viewer: Viewer): Promise<MetricSeries>;
  /**
   * Publishes a checkpoint as the next version of its model, once.
   * @throws UnrollError checkpoint_not_found, publish_refused, models_read_only, disk_full
   */
  publish(id: string, step: number, viewer: Viewer, how: PublishRequest): Promise<JobCheckpoint>;
  /** Deletes a finished job. @throws UnrollError job_not_found, job_state_conflict, in_use */
  remove(id: string, viewer: Viewer): Promise<Job>;
  /** Deletes a checkpoint of a finished job. @throws UnrollError job_not_found, job_state_conflict, checkpoint_not_found */
  removeCheckpoint(id: string, step: number, viewer: Viewer): Promise<void>;
  counts(): Readonly<Partial<Record<JobStatus, number>>>;
  /** Training steps since the server started. */
  steps(): number;
  /** Stops running jobs at their next step; the next start resumes them. */
  close(ms: number): Promise<void>;
}

/** Training jobs that run in this process. */
export interface LocalTrainingJobs extends TrainingJobs {
  /** Restores jobs that another process left unfinished. Jobs that are already known are not changed. */
  restore(jobs: readonly Job[]): void;
  /** Cancels restored jobs whose comparison was never saved. */
  cancelOrphans(jobs: readonly Job[]): void;
  /** Forgets a job and terminates its thread: it is another process's now. Nothing of it is saved any more. */
  abandon(id: string): void;
}

export function createTrainingJobs(options: TrainingJobsOptions): LocalTrainingJobs {
  const { store, registry, events, publisher, modelsRoot, log } = options;
  const places = createJobReservations(registry, options.maxUnfinished);
  const runs = createJobRuns({ ...options, onTrained: applyTrained });
  let closing = false;

  function applyTrained(id: string, best: number): void {
    const trial = registry.unfinished(id)?.comparison !== null;
    const change = { changes: { best }, step: best };
    if (trial) registry.apply(id, 'trial_trained', change);
    else if (registry.apply(id, 'trained', change)?.job.status === 'publishing') void publishBest(id);
  }

  /** Publishes the best checkpoint of a job that is not a trial. */
  async function publishBest(id: string): Promise<void> {
    const job = registry.unfinished(id);
    if (!job || job.best === null) return registry.fail(id, 'internal', 'there is no checkpoint to publish');
    try {
      const { model: name, publish: policy, force } = job.spec;
      const { version: published, ...publication } = await publisher.publish({
        job,
        step: job.best,
        name,
        policy,
        force,
      });
      registry.apply(id, published === null ? 'not_published' : 'published', {
        changes: { published, publication },
        message: `the job has succeeded: step ${job.best} is ${published ?? `not published: ${publication.reason}`}`,
        step: job.best,
      });
    } catch (error) {
      // after a restart the server publishes it
      if (closing) return;
      log.warn({ job: id, err: error }, 'a trained model cannot be published');
      const { code, message } = toPublishError(error);
      registry.fail(id, code, message, job.best);
    }
  }

  /** Runs in the background: an invalid file fails the job. */
  async function validate(job: Job): Promise<void> {
    const problem = await validateJob(job).catch((error: unknown) => {
      log.warn({ job: job.id, err: error }, 'the data of a job cannot be read');
      return 'the data cannot be read';
    });
    if (problem === null) {
      if (registry.apply(job.id, 'validated')) runs.enqueue(job.id);
      return;
    }
    registry.apply(job.id, 'rejected', {
      changes: { error: { code: 'invalid_dataset', message: problem } },
      message: `the job has failed: ${problem}`,
    });
  }

  /** @throws UnrollError job_state_conflict */
  async function change(
    id: string,
    viewer: Viewer,
    action: Parameters<JobRegistry['apply']>[1],
    participle: string,
  ): Promise<Applied> {
    const known = registry.unfinished(id) ?? (await registry.find(id, viewer));
    const applied = isVisible(known, viewer) ? registry.apply(id, action) : null;
    if (applied) return applied;
    const { status } = await registry.find(id, viewer);
    throw new UnrollError('job_state_conflict', `job ${id} is ${status}: it cannot be ${participle}`);
  }

  async function checkPublishing(spec: PublishedSpec, name: string): Promise<void> {
    await checkModelFolder(spec, name, modelsRoot, options.modelsSpace);
    await checkInterface(spec, name, modelsRoot);
  }
  function checkSpec(spec: TrainingSpec): void {
    checkTrainingSpec(spec);
    checkMemory(spec, options.threads, options.memoryMegabytes);
  }

  return {
    reservations: places,
    checkSpec,
    checkPublishing,
    restore(jobs) {
      for (const job of jobs) {
        if (registry.unfinished(job.id)) continue;
        registry.add(job);
        const restored = registry.apply(job.id, 'restart')?.job;
        if (!restored || isFinished(restored.status)) continue;
        if (restored.status === 'validating') void validate(restored);
        else if (restored.status === 'publishing') void publishBest(restored.id);
        else if (restored.status === 'queued') runs.enqueue(restored.id);
      }
    },

    cancelOrphans(jobs) {
      for (const job of jobs) {
        if (registry.unfinished(job.id)) continue;
        registry.add(job);
        const { status } = registry.apply(job.id, 'restart')?.job ?? job;
        if (!isFinished(status)) registry.apply(job.id, 'request_cancel');
      }
    },

    abandon(id) {
      registry.remove(id);
      runs.abandon(id);
    },

    async create(spec, viewer, trial) {
      const release = trial ? () => {} : places.reserve([spec.model], viewer);
      try {
        if (!trial) await checkPublishing(spec, spec.model);
        checkSpec(spec);
        const job = await createJob(spec, viewer, trial?.comparison ?? null, options);
        registry.add(job);
        await events.add({
          job: job.id,
          type: 'status',
          level: 'info',
          message: 'the job is validating',
          step: 0,
          data: { status: job.status },
        });
        void validate(job);
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
    get: registry.find,
    list: (page, { name, all }) => store.jobs(all ? page : { ...page, owner: name }),
    progress: (id) => events.lastProgress(id),

    async cancel(id, viewer) {
      const { job, saved } = await change(id, viewer, 'request_cancel', 'cancelled');
      runs.stop(id, 'cancel');
      await saved;
      return job;
    },

    async pause(id, viewer) {
      const { job, saved } = await change(id, viewer, 'request_pause', 'paused');
      runs.stop(id, 'pause');
      await saved;
      return job;
    },

    async resume(id, viewer) {
      const { job, saved } = await change(id, viewer, 'resume', 'resumed');
      runs.enqueue(id);
      await saved;
      return job;
    },

    checkpoints: async (id, viewer) => findCheckpoints(store, await registry.find(id, viewer)),

    series: async (id, metric, points, viewer) =>
      readSeries(store, (await registry.find(id, viewer)).id, metric, points),

    publish: async (id, step, viewer, how) =>
      publishCheckpoint({ store, publisher }, await registry.find(id, viewer), step, how),

    async remove(id, viewer) {
      const job = await registry.find(id, viewer);
      await removeJob(job, options);
      return job;
    },
    removeCheckpoint: async (id, step, viewer) =>
      removeCheckpoint(await registry.find(id, viewer), step, options),

    counts() {
      const counts: Partial<Record<JobStatus, number>> = {};
      for (const { status } of registry.allUnfinished()) counts[status] = (counts[status] ?? 0) + 1;
      return counts;
    },
    steps: () => runs.steps,
    async close(ms) {
      closing = true;
      await runs.close(ms);
    },
  };
}

/** The code and message reported for a failed publication. */
export function toPublishError(error: unknown): { code: UnrollError['code']; message: string } {
  if (error instanceof UnrollError) return error;
  const full = toDiskFullError(error);
  if (full) return { code: full.code, message: 'the disk of UNROLL_MODELS is full' };
  return { code: 'internal', message: `the model cannot be published: ${errorMessage(error)}` };
}
