import { UnrollError, type ErrorCode } from '../errors.ts';
import { diskFull } from './datasets.ts';
import { isOver, type Job, type JobStatus } from './job.ts';
import type { JobEvents } from './job-events.ts';
import type { JobStore } from './store.ts';

/** What is written down of jobs: every change of status is a row and an event. */
export interface JobBooks {
  /** @throws UnrollError job_not_found */
  readonly find: (id: string) => Job;
  change(id: string, changes: Partial<Job>): Job;
  readonly move: (
    id: string,
    status: JobStatus,
    more?: { changes?: Partial<Job>; message?: string; step?: number },
  ) => Job;
  fail(id: string, code: ErrorCode, message: string, step?: number): void;
  /** Whatever goes wrong with one job's books must not stop the others, or the server. @returns whether it went well */
  guarded(id: string, work: () => void): boolean;
  /** Calls whoever wants to know whenever a job is over. */
  readonly onOver: (hear: (job: Job) => void) => void;
}

export const now = (): number => Date.now() / 1000;

export function createJobBooks(
  store: JobStore,
  events: JobEvents,
  log: { warn(fields: object, message: string): void },
): JobBooks {
  const hearers: ((job: Job) => void)[] = [];
  const books: JobBooks = {
    find(id) {
      const job = store.job(id);
      if (!job) throw new UnrollError('job_not_found', `there is no training job ${id}`);
      return job;
    },
    change(id, changes) {
      const job = { ...books.find(id), ...changes };
      store.saveJob(job);
      return job;
    },
    move(id, status, { changes = {}, message = `the job is ${status}`, step = 0 } = {}) {
      const level = status === 'failed' ? 'error' : 'info';
      // said first: whoever follows until the end must have heard it
      events.add({ job: id, type: 'status', level, message, step, data: { status } });
      const over = isOver(status);
      const job = books.change(id, { status, ...(over && { finishedAt: now() }), ...changes });
      if (over || status === 'paused') events.ended(id);
      if (over) for (const hear of hearers) hear(job);
      return job;
    },
    fail(id, code, message, step = 0) {
      books.move(id, 'failed', {
        changes: { error: { code, message } },
        message: `the job has failed: ${message}`,
        step,
      });
    },
    guarded(id, work) {
      try {
        work();
        return true;
      } catch (error) {
        const full = diskFull(error);
        log.warn({ job: id, err: error }, 'a training job could not go on');
        try {
          books.fail(id, full?.code ?? 'internal', full?.message ?? 'the job’s books could not be kept');
        } catch (again) {
          log.warn({ job: id, err: again }, 'nor could that be written down');
        }
        return false;
      }
    },
    onOver: (hear) => void hearers.push(hear),
  };
  return books;
}
