import { expect, it } from 'vitest';
import { compareTrials } from '../../../src/jobs/comparisons/compare-trials.ts';
import type { Comparison } from '../../../src/jobs/job.ts';
import { makeEvent, makeJob } from '../fixtures.ts';

const trial = (job: string) => ({ job, cell: 'gru', settings: {} });
const comparison: Comparison = {
  id: 'c',
  model: 'm',
  status: 'running',
  createdAt: 1,
  request: { target: { metric: 'validation_accuracy', value: 0.8 } },
  trials: [trial('a'), trial('b'), trial('none')],
  published: null,
};
const measured = (step: number, validation_accuracy: number) => ({
  ...makeEvent('j', 'm', { type: 'metrics', step, data: { validation_accuracy, seconds: step } }),
  id: step,
});

it('ranks trials by their best score on the task’s metric, trials without a score last', () => {
  const table = compareTrials(comparison, [
    { job: makeJob({ status: 'running' }), events: [measured(1, 0.5), measured(2, 0.7), measured(3, 0.6)] },
    { job: makeJob({ status: 'succeeded' }), events: [measured(1, 0.7), measured(4, 0.9)] },
    { job: null, events: [] },
  ]);
  expect(table).toMatchObject({ metric: 'validation_accuracy', lowerIsBetter: false });
  expect(
    table.trials.map(({ job, score, status, step_ms, seconds_to_target }) => ({
      job,
      score,
      status,
      step_ms,
      seconds_to_target,
    })),
  ).toEqual([
    { job: 'b', score: 0.9, status: 'succeeded', step_ms: 1000, seconds_to_target: 4 },
    { job: 'a', score: 0.7, status: 'running', step_ms: 1000, seconds_to_target: null },
    { job: 'none', score: null, status: 'failed', step_ms: null, seconds_to_target: null },
  ]);
});
