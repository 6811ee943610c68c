import { describe, expect, it } from 'vitest';
import { checkMemory } from '../../src/jobs/memory-check.ts';
import { spec } from './fixtures.ts';

const recurrent = (units: number, more: object = {}) => ({
  network: {
    layers: [
      { type: 'embedding', units: 4 },
      { type: 'recurrent', cell: 'lstm', units, ...more },
      { type: 'dense' },
    ],
  },
});

describe('the memory check of a job', () => {
  it('rejects a job whose parameters alone exceed the limit, with the figures', () => {
    expect(() => checkMemory(spec('m', recurrent(4096)), 1, 512)).toThrow(
      expect.objectContaining({
        code: 'training_too_large',
        // 4 · 4096 · (4096 + 4 + 2) + … floats, as weights, gradients and two moments
        message: expect.stringMatching(
          /at least 10\d\d\.\d MB \(weights 25\d\.\d, gradients 25\d\.\d, optimiser state 51\d\.\d\), at most 512 MB/,
        ) as string,
      }),
    );
    checkMemory(spec('m', recurrent(4096)), 1, 2048);
  });

  it('counts a copy of the network for each shard of a thread, and the optimiser’s state', () => {
    const sgd = { hyperparameters: { optimizer: { type: 'sgd' } } };
    checkMemory(spec('m', { ...recurrent(4096), ...sgd }), 1, 520);
    const shards = { hyperparameters: { optimizer: { type: 'sgd' }, shards: 4 } };
    expect(() => checkMemory(spec('m', { ...recurrent(4096), ...shards }), 1, 520)).toThrow(/2\d\d\d\.\d MB/);
    checkMemory(spec('m', { ...recurrent(4096), ...shards }), 4, 520);
  });

  it('accepts networks whose size depends on the data, and invalid networks', () => {
    checkMemory(spec('m', { network: undefined, base: 'model@1' }), 1, 64);
    checkMemory(
      spec('m', { network: { layers: [{ type: 'add', inputs: ['nowhere'] }, { type: 'dense' }] } }),
      1,
      64,
    );
    expect(() =>
      checkMemory(
        spec('m', {
          network: { layers: [{ type: 'embedding', units: 4096, vocabulary: 100_000 }, { type: 'dense' }] },
        }),
        1,
        64,
      ),
    ).toThrow(/training needs at least/);
  });
});
