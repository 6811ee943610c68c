import { describe, expect, it } from 'vitest';
import { comparisonRequest } from '../../src/jobs/comparison-request.ts';
import { trialsOf } from '../../src/jobs/trials.ts';
import { spec } from './fixtures.ts';

const request = (more: object = {}) => {
  const { model: _, ...rest } = spec();
  return comparisonRequest.parse({ model: 'cmp', spec: rest, ...more });
};

describe('the trials of a comparison', () => {
  it('are every cell with every setting, each a model of its own name', () => {
    const trials = trialsOf(request({ cells: ['gru', 'lstm'], grid: { seed: [1, 2] } }));
    expect(trials.map(({ spec: { model, seed } }) => [model, seed])).toEqual([
      ['cmp-gru-1', 1],
      ['cmp-gru-2', 2],
      ['cmp-lstm-1', 1],
      ['cmp-lstm-2', 2],
    ]);
    expect(trialsOf(request()).map(({ spec: { model } }) => model)).toEqual([
      'cmp-rnn',
      'cmp-lstm',
      'cmp-gru',
    ]);
  });

  it('draw the same settings for a seed, within their ranges', () => {
    const random = {
      trials: 8,
      seed: 3,
      ranges: { 'hyperparameters.batch_size': { min: 2, max: 9, whole: true } },
    };
    const sizes = () =>
      trialsOf(request({ cells: ['gru'], random })).map((trial) => trial.spec.hyperparameters.batch_size);
    expect(sizes()).toEqual(sizes());
    for (const size of sizes())
      expect(size).toSatisfy((n: number) => Number.isInteger(n) && n >= 2 && n <= 9);
  });

  it('are refused where a job could not have the setting', () => {
    expect(() => trialsOf(request({ grid: { 'hyperparameters.batch_size': [0] } }))).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'spec.hyperparameters.batch_size' }),
    );
  });
});
