import type { JobStatus } from './job.ts';

// The life of a training job as one table: status × action → status. What is not in it does not happen.

export const jobActions = [
  /** Its data has been read through, and can be learned from. */
  'validated',
  /** Its data cannot be learned from. */
  'rejected',
  /** Its training thread starts. */
  'start',
  'request_pause',
  'resume',
  'request_cancel',
  /** Its thread has stopped before the end, as it was asked to. */
  'stopped',
  /** Its thread has reached the end; the job's best checkpoint is to be published. */
  'trained',
  /** The same for a trial: its comparison decides what is published. */
  'trial_trained',
  'published',
  'fail',
  /** A server takes the job up that another process left. */
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
    // until its thread has stopped
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
  // too late to cancel: the model may be in its folder already
  publishing: {
    published: 'succeeded',
    fail: 'failed',
    restart: 'publishing',
  },
  // however its thread ends, its caller wanted it cancelled
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

/** @returns null where a job of this status cannot do that */
export const nextJobStatus = (status: JobStatus, action: JobAction): JobStatus | null =>
  jobTransitions[status][action] ?? null;
