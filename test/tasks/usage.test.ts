import { expect, it } from 'vitest';
import { usageOf } from '../../src/tasks/usage.ts';

it('usage sums steps and says the longest wait and run, to a hundredth of a millisecond', () => {
  const end = (steps: number, queuedMs: number, runMs: number) =>
    ({ kind: 'done', finish: null, steps, queuedMs, runMs }) as const;
  expect(usageOf([end(3, 0.126, 9), end(4, 7, 0.001)], 5)).toEqual({
    steps: 7,
    unknown: 5,
    queued_ms: 7,
    run_ms: 9,
  });
  expect(usageOf([end(1, 0.126, 0.001)], 0)).toMatchObject({ queued_ms: 0.13, run_ms: 0 });
});
