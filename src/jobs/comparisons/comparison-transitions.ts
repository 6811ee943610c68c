import type { ComparisonStatus } from '../job.ts';

// The life of a comparison: status × action → status. A cancelled comparison publishes nothing, whatever its trials do.

export const comparisonActions = [
  'cancel',
  /** All trials are over, and one of them succeeded. */
  'best_found',
  /** All trials are over, and every one was cancelled by itself. */
  'trials_cancelled',
  'published',
  /** No trial succeeded, or the best could not be published. */
  'fail',
] as const;
export type ComparisonAction = (typeof comparisonActions)[number];

const comparisonTransitions: Readonly<
  Record<ComparisonStatus, Readonly<Partial<Record<ComparisonAction, ComparisonStatus>>>>
> = {
  running: { cancel: 'cancelled', best_found: 'publishing', trials_cancelled: 'cancelled', fail: 'failed' },
  // too late to cancel: the model may be in its folder already
  publishing: { published: 'succeeded', fail: 'failed' },
  succeeded: {},
  failed: {},
  cancelled: {},
};

/** @returns null where a comparison of this status cannot do that */
export const nextComparisonStatus = (
  status: ComparisonStatus,
  action: ComparisonAction,
): ComparisonStatus | null => comparisonTransitions[status][action] ?? null;
