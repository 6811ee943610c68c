import { describe, expect, it } from 'vitest';
import { isFinished, jobStatuses, type JobStatus } from '../../src/jobs/job.ts';
import { jobActions, nextJobStatus, type JobAction } from '../../src/jobs/job-transitions.ts';

const none = null;
// every status × every action, in the order of jobActions
const table: Readonly<Record<JobStatus, Readonly<Record<JobAction, JobStatus | null>>>> = {
  validating: row(
    'queued',
    'failed',
    none,
    'paused',
    none,
    'cancelled',
    none,
    none,
    none,
    none,
    none,
    'failed',
    'validating',
  ),
  queued: row(
    none,
    none,
    'running',
    'paused',
    none,
    'cancelled',
    none,
    none,
    none,
    none,
    none,
    'failed',
    'queued',
  ),
  running: row(
    none,
    none,
    none,
    'running',
    none,
    'cancelling',
    'paused',
    'publishing',
    'succeeded',
    none,
    none,
    'failed',
    'queued',
  ),
  paused: row(
    none,
    none,
    none,
    'paused',
    'queued',
    'cancelled',
    none,
    none,
    none,
    none,
    none,
    'failed',
    'paused',
  ),
  publishing: row(
    none,
    none,
    none,
    none,
    none,
    none,
    none,
    none,
    none,
    'succeeded',
    'succeeded',
    'failed',
    'publishing',
  ),
  cancelling: row(
    none,
    none,
    none,
    none,
    none,
    'cancelling',
    'cancelled',
    'cancelled',
    'cancelled',
    none,
    none,
    'cancelled',
    'cancelled',
  ),
  cancelled: row(),
  succeeded: row(),
  failed: row(),
};
function row(...statuses: (JobStatus | null)[]): Record<JobAction, JobStatus | null> {
  return Object.fromEntries(jobActions.map((action, i) => [action, statuses[i] ?? null])) as never;
}

describe('transitions of a job', () => {
  it.each(jobStatuses.flatMap((status) => jobActions.map((action) => [status, action] as const)))(
    'in status %s, action %s has the specified result',
    (status, action) => {
      expect(nextJobStatus(status, action)).toBe(table[status][action]);
    },
  );

  it('allows no action in a finished status', () => {
    for (const status of jobStatuses.filter(isFinished))
      for (const action of jobActions) expect(nextJobStatus(status, action)).toBeNull();
  });

  it('can finish from every status', () => {
    const ends = (status: JobStatus, seen: readonly JobStatus[] = []): boolean =>
      isFinished(status) ||
      jobActions.some((action) => {
        const next = nextJobStatus(status, action);
        return next !== null && !seen.includes(next) && ends(next, [...seen, status]);
      });
    for (const status of jobStatuses) expect(ends(status)).toBe(true);
  });
});
