import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/decoding/rng.ts';
import { createKernel } from '../../src/kernel/kernel.ts';
import { resolveGraph } from '../../src/network/graph.ts';
import { networkSpec } from '../../src/network/spec.ts';
import type { Weights } from '../../src/network/weights.ts';
import { initialWeights } from '../../src/training/initialise.ts';
import { createLearner } from '../../src/training/learner.ts';
import { createTrainer } from '../../src/training/trainer.ts';
import { batchOf, classes, example, vocabulary } from './small-networks.ts';

const kernel = createKernel({ mode: 'auto', memoryMegabytes: 64 });
const spec = networkSpec.parse({
  layers: [
    { type: 'embedding', vocabulary, units: 8 },
    { type: 'recurrent', cell: 'lstm', units: 16 },
    { type: 'dropout', rate: 0.1 },
    { type: 'dense', units: classes, activation: 'softmax' },
  ],
});

/** Learns to answer with the id of the step before last, modulo the classes: it takes a memory. */
function train(seed: number, updates: number): { losses: number[]; weights: Weights } {
  const random = createRng(seed);
  const learner = createLearner(kernel, spec, { vocabulary, capacity: { rows: 16, packed: 16 * 10 } });
  learner.load(initialWeights(resolveGraph(spec, { kind: 'ids', vocabulary }), random));
  const update = createTrainer(learner, { random, clip: 1 });
  const losses = Array.from({ length: updates }, (_, i) => {
    const examples = Array.from({ length: 16 }, (__, k) => {
      const { ids } = example(10, i * 16 + k);
      return {
        ids,
        targets: ids.map((_id, t) => ({ class: (ids[t - 2] ?? 0) % classes, weight: t < 2 ? 0 : 1 / 128 })),
      };
    });
    learner.reset();
    return update(batchOf(examples), 0.01).loss;
  });
  return { losses, weights: learner.save() };
}

describe('training', () => {
  it('learns what needs a memory', () => {
    const { losses } = train(1, 150);
    expect(losses[0]).toBeGreaterThan(1.4);
    expect(losses.at(-1)).toBeLessThan(0.5);
  });

  it('gives the same weights for the same seed, others for another', () => {
    expect([...train(2, 3).weights]).toEqual([...train(2, 3).weights]);
    expect([...train(2, 3).weights]).not.toEqual([...train(3, 3).weights]);
  });
});
