import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import { isFinished, isVisible, type Job, type Viewer } from '../job.ts';
import { unixSeconds } from '../job-registry.ts';
import { nextJobStatus, type JobAction } from '../job-transitions.ts';
import type { RedisCalls } from './calls.ts';
import { toMessage } from './changes.ts';
import { keys } from './keys.ts';
import { addEventWrites, type JobRows, type Write } from './rows.ts';
import { changeScript, requestScript } from './scripts.ts';

type RequestedAction = 'request_cancel' | 'request_pause' | 'resume';

const requests: Readonly<Record<RequestedAction, string>> = {
  request_cancel: 'cancel',
  request_pause: 'pause',
  resume: 'resume',
};

export interface JobChanges {
  /**
   * Changes a job, or asks the worker that has its lease to do so: a job has one writer at a time.
   * @returns the job as it is, or will be, and whether it was changed here
   * @throws UnrollError job_not_found, job_state_conflict, training_unavailable
   */
  request(
    id: string,
    viewer: Viewer,
    action: RequestedAction,
    participle: string,
  ): Promise<{ readonly job: Job; readonly changed: boolean; readonly entry: string | null }>;
  /** Applies an action to a job that nobody has the lease of. @returns null if that is not possible */
  apply(id: string, action: JobAction, changes?: Partial<Job>, message?: string): Promise<Job | null>;
}

/** Attempts to read a job and change it before another process does. */
const maxAttempts = 50;
const retryMs = 20;

export function createJobChanges(calls: RedisCalls, rows: JobRows): JobChanges {
  /** @returns null if the action is not allowed in the job's status */
  async function change(
    body: string,
    before: Job,
    action: JobAction,
    changes: Partial<Job> = {},
    message?: string,
  ): Promise<{ job: Job; result: string } | null> {
    const status = nextJobStatus(before.status, action);
    if (status === null) return null;
    const finishedAt = isFinished(status) ? { finishedAt: unixSeconds() } : {};
    const job: Job = { ...before, status, ...finishedAt, ...changes };
    const level = status === 'failed' ? 'error' : 'info';
    const text = message ?? `the job is ${status}`;
    const event = { job: job.id, type: 'status', level, message: text, step: 0, data: { status } } as const;
    const writes: Write[] = [...addEventWrites({ ...event, createdAt: unixSeconds() }), ...rows.saveJob(job)];
    const result = await calls.call((redis) =>
      redis.eval(changeScript, 1, keys.job(job.id), body, JSON.stringify(writes)),
    );
    return { job, result: String(result) };
  }

  const read = (id: string): Promise<(string | null)[]> =>
    calls.call((redis) => redis.hmget(keys.job(id), 'body', 'entry'));
  /** A job that nobody has the lease of does not run, whatever its record says: its worker has ended. */
  const withoutLease = (job: Job): Job => ({
    ...job,
    status: nextJobStatus(job.status, 'restart') ?? job.status,
  });

  return {
    async request(id, viewer, action, participle) {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const [body = null, entry = null] = await read(id);
        const known = rows.decode(body);
        if (!known || body === null || !isVisible(known, viewer))
          throw new UnrollError('job_not_found', `there is no training job ${id}`);
        const status = nextJobStatus(known.status, action);
        if (status !== null) {
          const message = toMessage({ kind: 'request', job: id });
          const asked = await calls.call((redis) =>
            redis.eval(requestScript, 1, keys.job(id), requests[action], keys.changes, message),
          );
          if (asked === 1) return { job: { ...known, status }, changed: false, entry };
        }
        const changed = await change(body, withoutLease(known), action);
        if (changed?.result === 'done') return { job: changed.job, changed: true, entry };
        if (!changed)
          throw new UnrollError(
            'job_state_conflict',
            `job ${id} is ${known.status}: it cannot be ${participle}`,
          );
        await delay(retryMs);
      }
      throw new UnrollError('training_unavailable', `job ${id} is being changed by others`);
    },

    async apply(id, action, changes, message) {
      const [body = null] = await read(id);
      const known = rows.decode(body);
      if (!known || body === null) return null;
      const changed = await change(body, known, action, changes, message);
      return changed?.result === 'done' ? changed.job : null;
    },
  };
}
