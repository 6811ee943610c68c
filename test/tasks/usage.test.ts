import { expect, it } from 'vitest';
import type { ServedModel } from '../../src/repository/repository-interface.ts';
import { headOf } from '../../src/tasks/usage.ts';

const model = { name: 'm', version: 3 } as ServedModel;
const end = (steps: number, queuedMs: number, runMs: number) =>
  ({ kind: 'done', finish: null, steps, queuedMs, runMs }) as const;

it('a reply begins with its model, the sums of steps and unknowns, and the longest wait and run', () => {
  const inputs = [{ unknown: 2 }, { unknown: 3 }];
  expect(headOf(model, [end(3, 0.126, 9), end(4, 7, 0.001)], inputs)).toEqual({
    model: 'm',
    version: 3,
    usage: { steps: 7, unknown: 5, queued_ms: 7, run_ms: 9 },
  });
});

it('milliseconds are told to a hundredth', () => {
  const { usage } = headOf(model, [end(1, 0.126, 0.001)], []);
  expect(usage).toMatchObject({ queued_ms: 0.13, run_ms: 0 });
});
