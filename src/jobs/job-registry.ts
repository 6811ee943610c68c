import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError, type ErrorCode } from '../errors.ts';
import { isFinished, type Job, type JobStatus } from './job.ts';
import type { JobEvents } from './job-events.ts';
import { nextJobStatus, type JobAction } from './job-transitions.ts';
import type { JobStore } from './store/store.ts';

/** What a change of status brings with it. */
export interface Change {
  readonly changes?: Partial<Job>;
  readonly message?: string;
  readonly step?: number;
}

export interface Applied {
  readonly job: Job;
  /** Fulfilled when the database has it. */
  readonly saved: Promise<void>;
}

/**
 * The jobs that are not over, in memory: every transition is decided here at once, by the table of transitions, and written to
 * the database in order. Jobs that are over are in the database alone.
 */
export interface JobRegistry {
  /** @throws UnrollError job_not_found, training_unavailable */
  readonly find: (id: string) => Promise<Job>;
  unfinished(id: string): Job | null;
  readonly allUnfinished: () => Iterable<Job>;
  /** Takes in a job that the database has. */
  add(job: Job): void;
  /** @returns null where the job cannot do that now */
  apply(id: string, action: JobAction, change?: Change): Applied | null;
  fail(id: string, code: ErrorCode, message: string, step?: number): void;
  /** Changes fields of a job that is not over. */
  update(id: string, changes: Partial<Job>): Promise<void>;
  /** Called whenever a job is over. */
  onFinished(listener: (job: Job) => void): void;
  /** Gives up writing what could not be written. */
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
  /** Over, but not in the database yet. */
  const unsaved = new Map<string, Job>();
  const listeners: ((job: Job) => void)[] = [];
  let closing = false;

  /** The last change of a job is written however long that takes: the server would take the job up again otherwise. */
  async function saveLast(job: Job): Promise<void> {
    unsaved.set(job.id, job);
    let failed = false;
    while (!closing) {
      try {
        await store.withoutTimeout.saveJob(job);
        unsaved.delete(job.id);
        return;
      } catch (error) {
        if (!failed)
          log.warn({ job: job.id, err: error }, 'the end of a training job cannot be recorded yet');
        failed = true;
        await delay(retryMs, undefined, { ref: false });
      }
    }
  }

  const registry: JobRegistry = {
    async find(id) {
      const job = jobs.get(id) ?? unsaved.get(id) ?? (await store.job(id));
      if (!job) throw new UnrollError('job_not_found', `there is no training job ${id}`);
      return job;
    },
    unfinished: (id) => jobs.get(id) ?? null,
    allUnfinished: () => jobs.values(),
    add: (job) => void jobs.set(job.id, job),
    apply(id, action, { changes = {}, message, step = 0 } = {}) {
      const before = jobs.get(id);
      const status = before ? nextJobStatus(before.status, action) : null;
      if (!before || status === null) return null;
      if (status === before.status && Object.keys(changes).length === 0)
        return { job: before, saved: Promise.resolve() };
      const over = isFinished(status);
      const job: Job = { ...before, status, ...(over && { finishedAt: unixSeconds() }), ...changes };
      // first: whoever follows until the end must have been told
      if (status !== before.status) announce(job, message, step);
      jobs.set(id, job);
      if (over) jobs.delete(id);
      const saved = over ? saveLast(job) : store.withoutTimeout.saveJob(job);
      saved.catch((error: unknown) => log.warn({ job: id, err: error }, 'a training job cannot be recorded'));
      if (over || status === 'paused') events.ended(id);
      if (over) for (const listener of listeners) listener(job);
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

  function announce({ id, status }: Job, message = defaultMessage(status), step: number): void {
    const level = status === 'failed' ? 'error' : 'info';
    events
      .add({ job: id, type: 'status', level, message, step, data: { status } })
      .catch((error: unknown) => log.warn({ job: id, err: error }, 'an event cannot be recorded'));
  }
  return registry;
}

const defaultMessage = (status: JobStatus): string => `the job is ${status}`;
