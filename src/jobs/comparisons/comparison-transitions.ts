import type { ComparisonStatus } from '../job.ts';

// State machine of a comparison: status × action → status. A cancelled comparison publishes nothing, even if
// its trials succeed.

export const comparisonActions = [
  'cancel',
  /** All trials have finished, at least one succeeded. */
  'best_found',
  /** All trials have finished, each was cancelled on its own. */
  'trials_cancelled',
  'published',
  /** It was decided that the best is not published. */
  'not_published',
  /** No trial succeeded, or the best could not be published. */
  'fail',
] as const;
export type ComparisonAction = (typeof comparisonActions)[number];

const comparisonTransitions: Readonly<
  Record<ComparisonStatus, Readonly<Partial<Record<ComparisonAction, ComparisonStatus>>>>
> = {
  running: { cancel: 'cancelled', best_found: 'publishing', trials_cancelled: 'cancelled', fail: 'failed' },
  // cannot be cancelled: the model may be in its folder already
  publishing: { published: 'succeeded', not_published: 'succeeded', fail: 'failed' },
  succeeded: {},
  failed: {},
  cancelled: {},
};

/** @returns the new status, or null if the action is not allowed in this status */
export const nextComparisonStatus = (
  status: ComparisonStatus,
  action: ComparisonAction,
): ComparisonStatus | null => comparisonTransitions[status][action] ?? null;
