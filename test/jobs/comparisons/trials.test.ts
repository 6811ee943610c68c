import { describe, expect, it } from 'vitest';
import { comparisonRequest } from '../../../src/jobs/comparisons/comparison-request.ts';
import { createTrials } from '../../../src/jobs/comparisons/trials.ts';

const layers = [
  { type: 'embedding', units: 4 },
  { type: 'recurrent', cell: 'gru', units: 4 },
  { type: 'dense' },
];
const spec = { task: 'classify', network: { layers }, data: { dataset: 'x' } };
const create = (more: object) =>
  createTrials(comparisonRequest.parse({ model: 'm', spec, cells: ['gru', 'lstm'], ...more }));
const sixteen = Array.from({ length: 16 }, (_, i) => i + 1);

describe('the trials of a comparison', () => {
  it('combine every cell with every setting', async () => {
    const trials = await create({
      grid: { 'hyperparameters.batch_size': [1, 2], 'hyperparameters.clip.norm': [3, 4], seed: [5] },
    });
    expect(trials).toHaveLength(8);
    expect(trials[3]).toMatchObject({
      cell: 'gru',
      settings: { 'hyperparameters.batch_size': 2, 'hyperparameters.clip.norm': 4, seed: 5 },
      spec: {
        model: 'm-gru-4',
        seed: 5,
        data: { dataset: 'x' },
        hyperparameters: { batch_size: 2, clip: { norm: 4 }, gradient_flow_every: 50 },
      },
    });
    expect(trials[4]!.spec.network!.layers[1]).toMatchObject({ cell: 'lstm' });
  });

  it('are named after the comparison and their cell', async () => {
    const trials = await createTrials(comparisonRequest.parse({ model: 'cmp', spec }));
    expect(trials.map((trial) => trial.spec.model)).toEqual(['cmp-rnn', 'cmp-lstm', 'cmp-gru']);
  });

  it('have settings drawn by the seed within their ranges', async () => {
    const ranges = { 'hyperparameters.batch_size': { min: 2, max: 9, whole: true } };
    const random = { trials: 8, seed: 3, ranges };
    const sizes = async () => (await create({ cells: ['gru'], random })).map((trial) => trial.spec.hyperparameters.batch_size); // prettier-ignore
    expect(await sizes()).toEqual(await sizes());
    for (const size of await sizes())
      expect(size).toSatisfy((n: number) => Number.isInteger(n) && n >= 2 && n <= 9);
  });

  it('are counted before any is created', async () => {
    const names = Array.from({ length: 16 }, (_, i) => `hyperparameters.x${i}`);
    const grid = Object.fromEntries(names.map((name) => [name, sixteen]));
    await expect(create({ grid })).rejects.toMatchObject({
      code: 'invalid_request',
      field: 'grid',
      message: `grid: at most 64 trials, got ${2 * 16 ** 16}`,
    });
  });

  it('are limited with random settings as well', async () => {
    const random = { trials: 33, ranges: { seed: [1, 2] } };
    await expect(create({ random })).rejects.toMatchObject({
      field: 'random.trials',
      message: 'random.trials: at most 64 trials, got 66',
    });
  });

  it('are rejected with the name of an invalid setting', async () => {
    await expect(create({ grid: { 'hyperparameters.batch_size': [1, 0] } })).rejects.toMatchObject({
      field: 'spec.hyperparameters.batch_size',
    });
  });
});

describe('a comparison request', () => {
  it.each<[what: string, grid: object]>([
    ['17 paths', Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`budget.x${i}`, [1]]))],
    ['a path of 101 characters', { [`budget.${'a'.repeat(94)}`]: [1] }],
    ['a path into a prototype', { 'budget.__proto__': [1] }],
    ['17 values of one path', { seed: [...sixteen, 17] }],
  ])('rejects %s', (_, grid) => {
    expect(comparisonRequest.safeParse({ model: 'm', spec, grid }).success).toBe(false);
  });
});
