import { describe, expect, test } from 'vitest';
import {
  createSequenceTrainer,
  type Batch,
  type SequenceTrainer,
} from '../../../scripts/trainer/sequence-trainer.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import type { Tensor, Weights } from '../../../src/network/weights.ts';
import { kernelOf, network } from '../../network/random-network.ts';

const shape = { vocabulary: 7, embedding: 5, units: 18, classes: 4, batch: 3, steps: 6 };
const specOf = (cell: 'lstm' | 'gru') =>
  network([
    { type: 'embedding', name: 'embedding', vocabulary: shape.vocabulary, units: shape.embedding },
    { type: 'recurrent', name: 'recurrent', cell, units: shape.units },
    { type: 'dense', name: 'dense', units: shape.classes, activation: 'softmax' },
  ]);

const ids = Array.from({ length: shape.batch * shape.steps }, (_, row) => (row * 5 + (row >> 2)) % 7);
const batch: Batch = {
  ids,
  steps: shape.steps,
  judged: [2, 5, 7, 8, 12, 15, 17],
  classes: [0, 1, 2, 3, 1, 2, 0],
  state: 'zero',
};

/** The batch's loss in float64, by the network that is every runner's oracle. */
function referenceLoss(cell: 'lstm' | 'gru', weights: Weights): number {
  const outputs = Array.from({ length: shape.batch }, (_, b) => {
    const sequence = ids.filter((__, row) => row % shape.batch === b);
    return referenceNetwork(specOf(cell), weights, sequence).output;
  });
  const { judged, classes } = batch;
  const losses = Array.from(
    judged,
    (row, k) => -Math.log(outputs[row % shape.batch]![Math.floor(row / shape.batch)]![classes[k]!]!),
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** The same tensors in float64, so that small differences survive. */
const inDouble = (weights: Weights): Map<string, Tensor> =>
  new Map(
    [...weights].map(([name, tensor]) => [
      name,
      { shape: tensor.shape, values: Float64Array.from(tensor.values) as unknown as Float32Array },
    ]),
  );

/** Slopes of at most about 150 numbers of a tensor, by their index. */
function numericGradient(cell: 'lstm' | 'gru', weights: Weights, name: string): Map<number, number> {
  const { values } = weights.get(name)!;
  const small = 1e-5;
  const every = Math.ceil(values.length / 150);
  const slopes = new Map<number, number>();
  for (let k = 0; k < values.length; k += every) {
    const value = values[k]!;
    const lossAt = (moved: number): number => {
      values[k] = moved;
      return referenceLoss(cell, weights);
    };
    slopes.set(k, (lossAt(value + small) - lossAt(value - small)) / (2 * small));
    values[k] = value;
  }
  return slopes;
}

function expectGradient(trainer: SequenceTrainer, cell: 'lstm' | 'gru', name: string): void {
  const numeric = numericGradient(cell, inDouble(trainer.weights()), name);
  const gradient = trainer.weights('gradient').get(name)!.values;
  const largest = Math.max(...[...numeric.values()].map(Math.abs));
  expect(largest).toBeGreaterThan(1e-4);
  for (const [k, slope] of numeric) expect(Math.abs(gradient[k]! - slope)).toBeLessThan(1e-4 * largest);
}

describe.each(['lstm', 'gru'] as const)('a trained %s', (cell) => {
  const trainer = createSequenceTrainer({ cell, ...shape, seed: 3 }, kernelOf('auto'));
  const loss = trainer.gradient(batch);

  test('has the loss of the reference network', () => {
    expect(loss).toBeCloseTo(referenceLoss(cell, trainer.weights()), 5);
  });

  test.each([
    'embedding.weight',
    'recurrent.0.forward.weight_ih',
    'recurrent.0.forward.weight_hh',
    'recurrent.0.forward.bias_ih',
    'dense.weight',
    'dense.bias',
  ])('has the gradient of central differences in %s', (name) => {
    expectGradient(trainer, cell, name);
  });
});

test('the GRU bias inside the reset gate has a gradient of its own', () => {
  const trainer = createSequenceTrainer({ cell: 'gru', ...shape, seed: 4 }, kernelOf('auto'));
  trainer.gradient(batch);
  expectGradient(trainer, 'gru', 'recurrent.0.forward.bias_hh');
});

describe('learning', () => {
  /** The class at a step is the id two steps before: only a state can know it. */
  const steps = 12;
  const delayed = (seed: number): Batch => {
    const rows = steps * 6;
    const drawn = Array.from(
      { length: rows },
      (_, row) => (Math.imul(row + seed * 97, 2_654_435_761) >>> 7) % 4,
    );
    const judged = Array.from({ length: rows - 12 }, (_, k) => k + 12);
    return { ids: drawn, steps, judged, classes: judged.map((row) => drawn[row - 12]!), state: 'zero' };
  };
  const train = (seed: number): { losses: number[]; weights: Weights } => {
    const trainer = createSequenceTrainer(
      { cell: 'gru', vocabulary: 4, embedding: 4, units: 16, classes: 4, batch: 6, steps, seed },
      kernelOf('auto'),
    );
    const losses = Array.from({ length: 150 }, (_, k) => {
      const loss = trainer.gradient(delayed(k));
      trainer.step(0.02);
      return loss;
    });
    return { losses, weights: trainer.weights() };
  };

  test('the loss of a task that needs memory falls from chance to little', () => {
    const { losses } = train(1);
    expect(losses[0]).toBeGreaterThan(1.2);
    expect(losses.at(-1)).toBeLessThan(0.2);
  });

  test('one seed gives one set of weights, another seed another', () => {
    const bytes = (seed: number) => [...train(seed).weights.values()].map(({ values }) => [...values]);
    expect(bytes(5)).toEqual(bytes(5));
    expect(bytes(5)).not.toEqual(bytes(6));
  });
});
