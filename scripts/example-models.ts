import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { writeSafetensors } from '../src/formats/safetensors.ts';
import { modelSpec } from '../src/network/spec.ts';
import type { Tensor } from '../src/network/weights.ts';

// Writes two networks with hand-written weights, for tasks without a shipped model. They also show how a
// program writes model folders.  usage: node scripts/example-models.ts FOLDER

const tensor = (shape: number[], ...values: number[]): Tensor => ({
  shape,
  values: Float32Array.from(values),
});
const zeros = (length: number): Tensor => tensor([length], ...Array<number>(length).fill(0));

// predict: the sum of all values so far. Two rectified units hold its positive and its negative part:
// p' = relu(p − n + x), n' = relu(n − p − x), sum = p − n.
const runningSum = {
  model: {
    schema: 1,
    name: 'running-sum',
    task: 'predict',
    description: 'The sum of all values so far, with weights written by hand.',
    inputs: { kind: 'numeric', features: [{ name: 'value' }] },
    network: {
      layers: [
        { type: 'recurrent', name: 'parts', cell: 'rnn', activation: 'relu', units: 2 },
        { type: 'dense', name: 'sum', units: 1, activation: 'linear' },
      ],
    },
    outputs: { units: [{ name: 'sum' }] },
  },
  weights: {
    'parts.0.forward.weight_ih': tensor([2, 1], 1, -1),
    'parts.0.forward.weight_hh': tensor([2, 2], 1, -1, -1, 1),
    'parts.0.forward.bias_ih': zeros(2),
    'parts.0.forward.bias_hh': zeros(2),
    'sum.weight': tensor([1, 2], 1, -1),
    'sum.bias': zeros(1),
  },
};

// tag: where words begin. Three rectified units: is this a letter, is it another character, was the previous
// one a letter?
const tokens = ['?', ...Array.from('abcdefghijklmnopqrstuvwxyz')];
const wordEdges = {
  model: {
    schema: 1,
    name: 'word-edges',
    task: 'tag',
    description: 'Where a word begins, goes on, or is not: weights written by hand.',
    inputs: { kind: 'text', vocabulary: 'characters', tokens, unknown: 0, lowercase: true },
    network: {
      layers: [
        { type: 'embedding', name: 'kind', vocabulary: tokens.length, units: 2 },
        { type: 'recurrent', name: 'seen', cell: 'rnn', activation: 'relu', units: 3 },
        { type: 'dense', name: 'label', units: 3, activation: 'softmax' },
      ],
    },
    outputs: { labels: ['begin', 'inside', 'outside'] },
  },
  weights: {
    'kind.weight': tensor(
      [tokens.length, 2],
      ...tokens.flatMap((token) => (token === '?' ? [0, 1] : [1, 0])),
    ),
    'seen.0.forward.weight_ih': tensor([3, 2], 1, 0, 0, 1, 0, 0),
    'seen.0.forward.weight_hh': tensor([3, 3], 0, 0, 0, 0, 0, 0, 1, 0, 0),
    'seen.0.forward.bias_ih': zeros(3),
    'seen.0.forward.bias_hh': zeros(3),
    'label.weight': tensor([3, 3], 8, 0, -8, 8, 0, 8, 0, 8, 0),
    'label.bias': tensor([3], 0, -12, 0),
  },
};

const { positionals } = parseArgs({ allowPositionals: true });
const root = positionals[0];
if (root === undefined) throw new Error('usage: node scripts/example-models.ts FOLDER');

for (const { model, weights } of [runningSum, wordEdges]) {
  const checked = modelSpec.safeParse(model);
  if (!checked.success) throw new Error(z.prettifyError(checked.error));
  const folder = `${root}/${model.name}/1`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/model.json`, `${JSON.stringify(model, null, 2)}\n`);
  writeFileSync(`${folder}/weights.safetensors`, writeSafetensors(new Map(Object.entries(weights))));
  console.log(`wrote ${folder}`);
}
