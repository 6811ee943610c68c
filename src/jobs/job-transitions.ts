import type { JobStatus } from './job.ts';

// State machine of a training job: status × action → status. An action without an entry is not allowed.

export const jobActions = [
  /** The data is valid. */
  'validated',
  /** The data is invalid. */
  'rejected',
  /** The training thread starts. */
  'start',
  'request_pause',
  'resume',
  'request_cancel',
  /** The thread stopped early, on request. */
  'stopped',
  /** The thread completed; the job's best checkpoint is published next. */
  'trained',
  /** The thread of a trial completed; the comparison decides what is published. */
  'trial_trained',
  'published',
  /** It was decided that the job's best checkpoint is not published. */
  'not_published',
  'fail',
  /** A server restores a job that an earlier process left unfinished. */
  'restart',
] as const;
export type JobAction = (typeof jobActions)[number];

const jobTransitions: Readonly<Record<JobStatus, Readonly<Partial<Record<JobAction, JobStatus>>>>> = {
  validating: {
    validated: 'queued',
    rejected: 'failed',
    request_pause: 'paused',
    request_cancel: 'cancelled',
    fail: 'failed',
    restart: 'validating',
  },
  queued: {
    start: 'running',
    request_pause: 'paused',
    request_cancel: 'cancelled',
    fail: 'failed',
    restart: 'queued',
  },
  running: {
    // stays running until its thread has stopped
    request_pause: 'running',
    request_cancel: 'cancelling',
    stopped: 'paused',
    trained: 'publishing',
    trial_trained: 'succeeded',
    fail: 'failed',
    restart: 'queued',
  },
  paused: {
    request_pause: 'paused',
    resume: 'queued',
    request_cancel: 'cancelled',
    fail: 'failed',
    restart: 'paused',
  },
  // cannot be cancelled: the model may be in its folder already
  publishing: {
    published: 'succeeded',
    not_published: 'succeeded',
    fail: 'failed',
    restart: 'publishing',
  },
  // cancelled whatever the thread's result
  cancelling: {
    request_cancel: 'cancelling',
    stopped: 'cancelled',
    trained: 'cancelled',
    trial_trained: 'cancelled',
    fail: 'cancelled',
    restart: 'cancelled',
  },
  cancelled: {},
  succeeded: {},
  failed: {},
};

/** @returns the new status, or null if the action is not allowed in this status */
export const nextJobStatus = (status: JobStatus, action: JobAction): JobStatus | null =>
  jobTransitions[status][action] ?? null;
