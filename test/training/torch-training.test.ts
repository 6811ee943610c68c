import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createRng } from '../../src/random.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { networkSpec } from '../../src/network/spec.ts';
import { createLearner } from '../../src/training/learner.ts';
import { lossSpec } from '../../src/training/optimise/loss.ts';
import { optimiserSpec } from '../../src/training/optimise/optimiser.ts';
import { optimiserOf } from './update-parameters.ts';
import { packExamples } from './networks.ts';

// Compares training steps with PyTorch's (test/golden/make-torch-training.py): the same weights and data give
// the same losses.

interface GoldenCase {
  readonly cell: 'lstm' | 'gru' | 'tanh' | 'relu';
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly loss: 'cross_entropy' | 'mean_squared';
  readonly optimiser: keyof typeof optimisers;
  readonly rate: number;
  readonly weights: Readonly<Record<string, { shape: number[]; values: number[] }>>;
  readonly inputs: readonly (readonly number[] | readonly (readonly number[])[])[];
  readonly answers: readonly (readonly number[] | readonly (readonly number[])[])[];
  readonly losses: readonly number[];
}

const optimisers = {
  sgd: { type: 'sgd' },
  momentum: { type: 'sgd', momentum: 0.9 },
  nesterov: { type: 'sgd', momentum: 0.9, nesterov: true },
  rmsprop: { type: 'rmsprop' },
  adam: { type: 'adam' },
  adamw: { type: 'adamw' },
} as const;

const golden = JSON.parse(readFileSync('test/golden/torch-training.json', 'utf8')) as {
  torch: string;
  cases: GoldenCase[];
};
const kernel = createKernel({ mode: 'auto', memoryMegabytes: 128 });

it.each(
  golden.cases.map(
    (one) =>
      [
        `${one.cell} × ${one.layers}${one.bidirectional ? ', both ways' : ''}, ${one.loss}, ${one.optimiser}`,
        one,
      ] as const,
  ),
)('has the losses of PyTorch over 20 steps: %s', (_, one) => {
  const classifies = one.loss === 'cross_entropy';
  const cell =
    one.cell === 'lstm' || one.cell === 'gru'
      ? { cell: one.cell }
      : { cell: 'rnn' as const, activation: one.cell };
  const units = one.weights['cells.0.forward.weight_hh']!.shape[1]!;
  const outputs = one.weights['out.bias']!.shape[0]!;
  const embedding = one.weights['in.weight']?.shape;
  const spec = networkSpec.parse({
    layers: [
      ...(embedding
        ? [{ type: 'embedding' as const, name: 'in', vocabulary: embedding[0]!, units: embedding[1]! }]
        : []),
      {
        type: 'recurrent',
        name: 'cells',
        units,
        layers: one.layers,
        bidirectional: one.bidirectional,
        ...cell,
      },
      { type: 'dense', name: 'out', units: outputs, activation: classifies ? 'softmax' : 'linear' },
    ],
  });
  const learner = createLearner(kernel, spec, {
    input: embedding
      ? { kind: 'ids', vocabulary: embedding[0]! }
      : { kind: 'features', width: one.weights['cells.0.forward.weight_ih']!.shape[1]! },
    capacity: { rows: 8, packed: 64 },
    loss: lossSpec.parse({ type: classifies ? 'softmax_cross_entropy' : 'mean_squared' }),
  });
  learner.load(
    new Map(
      Object.entries(one.weights).map(([name, { shape, values }]) => [
        name,
        { shape, values: Float32Array.from(values) },
      ]),
    ),
  );
  const steps = one.inputs.reduce((sum, input) => sum + input.length, 0);
  const batch = packExamples(
    { outputs },
    one.inputs.map((sequence, i) => ({
      sequence,
      targets: one.answers[i]!.map((answer) => ({
        weight: 1 / steps,
        ...(typeof answer === 'number' ? { class: answer } : { values: answer }),
      })),
    })),
  );
  const optimiser = optimiserOf(learner.parameters, optimiserSpec.parse(optimisers[one.optimiser]));
  const losses = one.losses.map((expected, step) => {
    learner.reset();
    const loss = learner.differentiate(batch, createRng(1));
    expect(Math.abs(loss - expected) / expected, `step ${step}`).toBeLessThan(1e-4);
    optimiser.update(one.rate);
    learner.refresh();
    return loss;
  });
  expect(losses).toHaveLength(20);
  expect(losses.at(-1)).toBeLessThan(0.99 * losses[0]!);
  learner.free();
});
