import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createKernel } from '../../../src/cells/create-kernel.ts';
import { resolveNetwork } from '../../../src/network/encoder-decoder.ts';
import { networkSpec } from '../../../src/network/spec.ts';
import { createLearner, computeLearnerBytes } from '../../../src/training/learner.ts';
import type { LearnerOptions } from '../../../src/training/learner-interface.ts';
import { computeParameterMemory, computeMemoryNeed } from '../../../src/training/run/memory-need.ts';
import { runTraining } from '../../../src/training/run/run.ts';
import { trainingSpec } from '../../../src/training/training-spec.ts';

const folder = mkdtempSync(join(tmpdir(), 'unroll-memory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ids = { kind: 'ids', vocabulary: 30 } as const;
const dense = { type: 'dense', units: 5, activation: 'softmax' } as const;
const networks: readonly (readonly [string, object, Partial<LearnerOptions>])[] = [
  [
    'an lstm',
    {
      layers: [
        { type: 'embedding', vocabulary: 30, units: 9 },
        { type: 'recurrent', cell: 'lstm', units: 20, recurrent_dropout: 0.1 },
        dense,
      ],
    },
    {},
  ],
  [
    'gru both ways',
    {
      layers: [
        { type: 'embedding', vocabulary: 30, units: 9 },
        { type: 'recurrent', cell: 'gru', units: 7, layers: 2, bidirectional: true },
        { type: 'layer_norm' },
        { type: 'pool', mode: 'mean' },
        dense,
      ],
    },
    {},
  ],
  [
    'a crf',
    {
      layers: [{ type: 'embedding', vocabulary: 30, units: 9 }, { type: 'dense', units: 4 }, { type: 'crf' }],
    },
    { loss: { type: 'crf' } as never },
  ],
  [
    'features',
    {
      layers: [
        { type: 'recurrent', cell: 'rnn', units: 7 },
        { type: 'dropout', rate: 0.5 },
        { type: 'dense', units: 3 },
      ],
    },
    { input: { kind: 'features', width: 3 }, loss: { type: 'mean_squared' } },
  ],
  [
    'an encoder and attention',
    {
      encoder: {
        layers: [
          { type: 'embedding', vocabulary: 30, units: 8 },
          { type: 'recurrent', cell: 'gru', units: 12 },
        ],
      },
      layers: [
        { type: 'embedding', vocabulary: 30, units: 8 },
        { type: 'recurrent', cell: 'gru', units: 12, name: 'd' },
        { type: 'attention', score: 'additive', name: 'a' },
        { type: 'concat', inputs: ['d', 'a'] },
        dense,
      ],
    },
    { source: ids, sourceCapacity: { rows: 4, packed: 50 } },
  ],
];

describe('the memory of a learner', () => {
  it.each(networks)('is computed exactly before it is allocated: %s', (_, network, more) => {
    const spec = networkSpec.parse(network);
    const options: LearnerOptions = {
      input: ids,
      capacity: { rows: 4, packed: 60, steps: 20 },
      loss: { type: 'softmax_cross_entropy' } as never,
      ...more,
    };
    const kernel = createKernel({ mode: 'plain', memoryMegabytes: 64 });
    const before = kernel.memory.used;
    createLearner(kernel, spec, options);
    expect(computeLearnerBytes(spec, options)).toBe(kernel.memory.used - before);
  });

  it('includes the parameters, and grows with batch, shards and optimiser', () => {
    const [, network] = networks[0]!;
    const spec = networkSpec.parse(network);
    const options: LearnerOptions = {
      input: ids,
      capacity: { rows: 4, packed: 60 },
      loss: { type: 'softmax_cross_entropy' } as never,
    };
    const adam = trainingSpec.shape.hyperparameters.parse({});
    const need = computeMemoryNeed(spec, options, adam, 1);
    expect(need).toMatchObject({
      ...computeParameterMemory(resolveNetwork(spec, ids, null), adam, 1),
      activations: expect.any(Number) as number,
    });
    // 30·9 + 80·(9 + 20) + 2·80 + 5·20 + 5 floats
    expect(need.weights).toBe(4 * (270 + 2320 + 160 + 105));
    expect(need.optimiserState).toBe(2 * need.weights);
    const larger = computeMemoryNeed(spec, { ...options, capacity: { rows: 4, packed: 600 } }, adam, 1);
    // 540 more steps of at least the embedding, four gates and h
    expect(larger.activations - need.activations).toBeGreaterThan(540 * 4 * (9 + 80 + 20));
    expect(computeMemoryNeed(spec, options, { ...adam, shards: 4 }, 2).weights).toBe(2 * need.weights);
    const frozen = computeMemoryNeed(spec, { ...options, frozen: new Set(['embedding_0']) }, adam, 1);
    expect(frozen.optimiserState).toBe(need.optimiserState - 2 * 4 * 270);
  });
});

describe('a run over its memory limit', () => {
  it.each<[string, object, number]>([
    [
      'because of its weights',
      {
        network: {
          layers: [
            { type: 'embedding', units: 4 },
            { type: 'recurrent', cell: 'lstm', units: 8192, layers: 2 },
            { type: 'dense' },
          ],
        },
      },
      1,
    ],
    [
      'because of its batch',
      {
        network: {
          layers: [
            { type: 'embedding', units: 64 },
            { type: 'recurrent', cell: 'lstm', units: 256 },
            { type: 'dense' },
          ],
        },
        hyperparameters: { batch_size: 4096, max_steps: 4096 },
      },
      500,
    ],
  ])('is rejected %s before memory is allocated', async (_, more, repeat) => {
    const path = join(folder, 'data.jsonl');
    mkdirSync(join(folder, 'checkpoints'), { recursive: true });
    const text = 'ab '.repeat(repeat);
    writeFileSync(path, `{"text":"${text}","label":"x"}\n{"text":"${text}c","label":"y"}\n`.repeat(50));
    const spec = trainingSpec.parse({
      model: 'm',
      task: 'classify',
      data: { dataset: 'd' },
      validation: { share: 0 },
      hyperparameters: { max_steps: 4096 },
      ...more,
    });
    const request = {
      spec,
      data: { path, format: 'jsonl' as const },
      validation: null,
      base: null,
      folder,
      resume: null,
      threads: 1,
      memoryMegabytes: 64,
    };
    const before = process.memoryUsage().rss;
    await expect(runTraining(request, { send() {}, command: () => null })).rejects.toMatchObject({
      code: 'training_too_large',
      message: expect.stringMatching(
        /^training needs \d+\.\d MB \(weights .*activations of a batch .*at most 64 MB/,
      ) as string,
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 2 ** 20);
  });
});
