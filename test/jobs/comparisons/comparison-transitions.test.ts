import { describe, expect, it } from 'vitest';
import {
  comparisonActions,
  nextComparisonStatus,
  type ComparisonAction,
} from '../../../src/jobs/comparisons/comparison-transitions.ts';
import { comparisonStatuses, isDecided, type ComparisonStatus } from '../../../src/jobs/job.ts';

const table: readonly (readonly [ComparisonStatus, ComparisonAction, ComparisonStatus])[] = [
  ['running', 'cancel', 'cancelled'],
  ['running', 'best_found', 'publishing'],
  ['running', 'trials_cancelled', 'cancelled'],
  ['running', 'fail', 'failed'],
  ['publishing', 'published', 'succeeded'],
  ['publishing', 'not_published', 'succeeded'],
  ['publishing', 'fail', 'failed'],
];

describe('transitions of a comparison', () => {
  it.each(
    comparisonStatuses.flatMap((status) => comparisonActions.map((action) => [status, action] as const)),
  )('in status %s, action %s has the specified result', (status, action) => {
    const expected = table.find(([from, by]) => from === status && by === action)?.[2] ?? null;
    expect(nextComparisonStatus(status, action)).toBe(expected);
  });

  it('allows no action in a decided status, so a cancelled comparison is never published', () => {
    for (const status of comparisonStatuses.filter(isDecided))
      for (const action of comparisonActions) expect(nextComparisonStatus(status, action)).toBeNull();
  });
});
