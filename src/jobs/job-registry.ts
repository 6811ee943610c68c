import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError, type ErrorCode } from '../errors.ts';
import { isFinished, isVisible, type Job, type JobStatus, type Viewer } from './job.ts';
import type { JobEvents } from './job-events.ts';
import { nextJobStatus, type JobAction } from './job-transitions.ts';
import type { JobStore } from './store/store.ts';

/** What changes together with a job's status. */
export interface Change {
  readonly changes?: Partial<Job>;
  readonly message?: string;
  readonly step?: number;
}

export interface Applied {
  readonly job: Job;
  /** Fulfilled once the database has stored the job. */
  readonly saved: Promise<void>;
}

/**
 * The unfinished jobs, in memory: transitions are decided here synchronously by the transition table, and
 * written to the database in order. Finished jobs are only in the database.
 */
export interface JobRegistry {
  /** @throws UnrollError job_not_found, also for a job of others; training_unavailable */
  readonly find: (id: string, viewer: Viewer) => Promise<Job>;
  unfinished(id: string): Job | null;
  readonly allUnfinished: () => Iterable<Job>;
  /** Adds an unfinished job that is in the database. */
  add(job: Job): void;
  /** Forgets an unfinished job, which another process has or takes. */
  remove(id: string): void;
  /** @returns null if the action is not allowed in the job's status, or the job is not unfinished */
  apply(id: string, action: JobAction, change?: Change): Applied | null;
  fail(id: string, code: ErrorCode, message: string, step?: number): void;
  /** Changes fields of an unfinished job. */
  update(id: string, changes: Partial<Job>): Promise<void>;
  /** Adds a listener that is called with every job that finishes. */
  onFinished(listener: (job: Job) => void): void;
  /** Stops retrying failed writes. */
  close(): void;
}

export const unixSeconds = (): number => Date.now() / 1000;

const retryMs = 1000;

export function createJobRegistry(
  store: JobStore,
  events: JobEvents,
  log: { warn(fields: object, message: string): void },
): JobRegistry {
  const jobs = new Map<string, Job>();
  /** Finished jobs whose final state is not stored yet. */
  const unsaved = new Map<string, Job>();
  const listeners: ((job: Job) => void)[] = [];
  let closing = false;

  /**
   * Writes the final state of a job, retrying until it succeeds: a restart would resume the job otherwise.
   */
  async function saveFinished(job: Job): Promise<void> {
    unsaved.set(job.id, job);
    let failed = false;
    while (!closing) {
      try {
        await store.withoutTimeout.saveJob(job);
        unsaved.delete(job.id);
        return;
      } catch (error) {
        if (!failed)
          log.warn({ job: job.id, err: error }, 'the final state of a training job cannot be saved yet');
        failed = true;
        await delay(retryMs, undefined, { ref: false });
      }
    }
  }

  const registry: JobRegistry = {
    async find(id, viewer) {
      const job = jobs.get(id) ?? unsaved.get(id) ?? (await store.job(id));
      if (!job || !isVisible(job, viewer))
        throw new UnrollError('job_not_found', `there is no training job ${id}`);
      return job;
    },
    unfinished: (id) => jobs.get(id) ?? null,
    allUnfinished: () => jobs.values(),
    add: (job) => void jobs.set(job.id, job),
    remove: (id) => void jobs.delete(id),
    apply(id, action, { changes = {}, message, step = 0 } = {}) {
      const before = jobs.get(id);
      const status = before ? nextJobStatus(before.status, action) : null;
      if (!before || status === null) return null;
      if (status === before.status && Object.keys(changes).length === 0)
        return { job: before, saved: Promise.resolve() };
      const finished = isFinished(status);
      const job: Job = { ...before, status, ...(finished && { finishedAt: unixSeconds() }), ...changes };
      // before the job is removed: followers must get this event
      if (status !== before.status) addStatusEvent(job, message, step);
      jobs.set(id, job);
      if (finished) jobs.delete(id);
      const saved = finished ? saveFinished(job) : store.withoutTimeout.saveJob(job);
      saved.catch((error: unknown) => log.warn({ job: id, err: error }, 'a training job cannot be saved'));
      if (finished || status === 'paused') events.ended(id);
      if (finished) for (const listener of listeners) listener(job);
      return { job, saved };
    },
    fail(id, code, message, step = 0) {
      const status = jobs.get(id)?.status;
      if (status === undefined) return;
      const error = nextJobStatus(status, 'fail') === 'failed' ? { code, message } : null;
      registry.apply(id, 'fail', {
        changes: { error },
        ...(error && { message: `the job has failed: ${message}` }),
        step,
      });
    },
    async update(id, changes) {
      const job = jobs.get(id);
      if (!job) return;
      jobs.set(id, { ...job, ...changes });
      await store.withoutTimeout.saveJob({ ...job, ...changes });
    },
    onFinished: (listener) => void listeners.push(listener),
    close: () => void (closing = true),
  };

  function addStatusEvent({ id, status }: Job, message = defaultMessage(status), step: number): void {
    const level = status === 'failed' ? 'error' : 'info';
    events
      .add({ job: id, type: 'status', level, message, step, data: { status } })
      .catch((error: unknown) => log.warn({ job: id, err: error }, 'an event cannot be saved'));
  }
  return registry;
}

const defaultMessage = (status: JobStatus): string => `the job is ${status}`;
