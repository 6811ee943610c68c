import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createKernel } from '../../../src/cells/create-kernel.ts';
import { resolveNetwork } from '../../../src/network/encoder-decoder.ts';
import { createRng } from '../../../src/random.ts';
import { createBatches } from '../../../src/training/data/batches.ts';
import { prepareTraining } from '../../../src/training/data/prepare.ts';
import { initialWeights } from '../../../src/training/initialise.ts';
import { createLearner } from '../../../src/training/learner.ts';
import { createMetrics } from '../../../src/training/optimise/metrics/create-metrics.ts';
import { resolveLoss } from '../../../src/training/optimise/task-loss.ts';
import { measureServed } from '../../../src/training/served/measure-served.ts';
import { trainingSpec } from '../../../src/training/training-spec.ts';

// What the serving kernels score, against what training measures with kernels of its own.

const folder = mkdtempSync(join(tmpdir(), 'served-'));
afterAll(() => rmSync(folder, { recursive: true }));
const kernel = createKernel({ mode: 'auto', memoryMegabytes: 128 });

const words = ['ab', 'ba', 'abba', 'c', 'cab', 'baca', 'aaaaaaaa', 'bcbcb', 'ac'];
const embedding = { type: 'embedding', units: 5 };
const lstm = { type: 'recurrent', cell: 'lstm', units: 9 };
const jobs: Record<string, { task: string; network: object; records: object[] | string }> = {
  classify: {
    task: 'classify',
    network: { layers: [embedding, lstm, { type: 'pool', mode: 'last' }, { type: 'dense' }] },
    records: words.map((text, i) => ({ text, label: i % 3 ? 'x' : 'y' })),
  },
  'tag with a crf': {
    task: 'tag',
    network: { layers: [embedding, { ...lstm, bidirectional: true }, { type: 'dense' }, { type: 'crf' }] },
    records: words.map((text) => ({ tokens: [...text], labels: [...text].map((letter) => `is ${letter}`) })),
  },
  'generate from one text': {
    task: 'generate',
    network: { layers: [embedding, lstm, { type: 'dense' }] },
    records: words.join(' ').repeat(12),
  },
  'decode with attention': {
    task: 'decode',
    network: {
      encoder: { layers: [embedding, { ...lstm, bidirectional: true }] },
      layers: [
        { ...embedding, name: 'letters' },
        { ...lstm, name: 'write' },
        { type: 'attention', name: 'look', score: 'general' },
        { type: 'concat', inputs: ['write', 'look'] },
        { type: 'dense' },
      ],
    },
    records: words.map((source) => ({ source, target: [...source].reverse().join('') })),
  },
  'decode from a vector': {
    task: 'decode',
    network: {
      encoder: { layers: [embedding] },
      layers: [{ ...embedding, name: 'letters' }, lstm, { type: 'dense' }],
    },
    records: words.map((target, i) => ({ source: 'ab'[i % 2], target })),
  },
  'predict of numbers': {
    task: 'predict',
    network: { layers: [{ ...lstm, cell: 'gru' }, { type: 'dense' }] },
    records: words.map((word, i) => ({
      values: Array.from(word, (_, t) => [Math.sin(i + t), t]),
      target: i,
    })),
  },
};

it.each(Object.entries(jobs))('gives the metrics that training measures: %s', async (_, job) => {
  const path = join(folder, 'records');
  const isText = typeof job.records === 'string';
  writeFileSync(
    path,
    typeof job.records === 'string' ? job.records : job.records.map((one) => JSON.stringify(one)).join('\n'),
  );
  const spec = trainingSpec.parse({
    model: 'm',
    task: job.task,
    network: job.network,
    data: { dataset: 'd' },
    validation: { share: 0 },
  });
  const data = { path, format: isText ? ('text' as const) : ('jsonl' as const) };
  const { model, input, source, training } = await prepareTraining(spec, data, null, null);
  const weights = initialWeights(resolveNetwork(model.network, input, source), createRng(1, 1), {
    embeddingScale: 1,
  });
  const batches = createBatches(training, { batchSize: 4, seed: 0, shards: 1, shuffle: false });
  const learner = createLearner(kernel, model.network, {
    input,
    ...(source && { source }),
    capacity: batches.capacity,
    ...(batches.sourceCapacity && { sourceCapacity: batches.sourceCapacity }),
    loss: resolveLoss(spec, model),
  });
  learner.load(weights);
  const run = createMetrics(model).start(learner.chain);
  for (const one of batches.epoch(0)) {
    if (!batches.carriesState) learner.reset();
    const batch = batches.batch(one);
    run.addLoss(learner.measure(batch, (logits, width) => run.addLogits(logits, width, batch)));
  }
  learner.free();
  const used = kernel.memory.used;
  const served = measureServed(kernel, { model, weights, precision: 'float32' }, batches);
  const { metrics: trained } = run.results();
  for (const [metric, value] of Object.entries(served)) expect(value).toBeCloseTo(trained[metric]!, 5);
  expect(Object.keys(served)).toEqual(
    Object.keys(trained).filter(
      (metric) => metric !== 'loss' || (job.task !== 'predict' && learner.chain === null),
    ),
  );
  const quantised = measureServed(kernel, { model, weights, precision: 'int8' }, batches);
  expect(Object.keys(quantised)).toEqual(Object.keys(served));
  // a share of few records may stay what it was
  if (Object.keys(served).some((metric) => metric === 'loss' || metric === 'mae'))
    expect(quantised).not.toEqual(served);
  for (const [metric, value] of Object.entries(quantised))
    expect(Math.abs(value - served[metric]!)).toBeLessThan(0.3 * Math.max(1, Math.abs(served[metric]!)));
  expect(kernel.memory.used).toBe(used);
});
