import { expect, it } from 'vitest';
import { toReplyHead } from '../../../../src/http/v1/json/reply-head.ts';
import { measureUsage } from '../../../../src/tasks/task-result.ts';

const model = { name: 'm', version: 3 };
const end = (steps: number, queuedMs: number, runMs: number) =>
  ({ kind: 'done', finish: null, steps, queuedMs, runMs, state: null }) as const;

it('a reply begins with its model, the sums of steps and unknown tokens, and the longest wait and run', () => {
  const usage = measureUsage([end(3, 0.126, 9), end(4, 7, 0.001)], [{ unknown: 2 }, { unknown: 3 }]);
  expect(usage).toEqual({ steps: 7, reusedSteps: 0, unknown: 5, queuedMs: 7, runMs: 9 });
  expect(toReplyHead(model, { usage })).toEqual({
    model: 'm',
    version: 3,
    usage: { steps: 7, unknown: 5, queued_ms: 7, run_ms: 9 },
  });
});

it('milliseconds are rounded to a hundredth', () => {
  const { usage } = toReplyHead(model, { usage: measureUsage([end(1, 0.126, 0.001)], []) });
  expect(usage).toMatchObject({ queued_ms: 0.13, run_ms: 0 });
});
