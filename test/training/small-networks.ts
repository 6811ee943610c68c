import { createRng } from '../../src/decoding/rng.ts';
import { resolveGraph } from '../../src/network/graph.ts';
import { networkSpec, type NetworkSpec } from '../../src/network/spec.ts';
import type { Weights } from '../../src/network/weights.ts';
import { initialWeights } from '../../src/training/initialise.ts';
import type { Batch } from '../../src/training/learner.ts';
import { planOf } from '../../src/training/plan.ts';
import type { Tensors64 } from '../../src/training/reference-gradient.ts';

// Networks small enough to differentiate by hand, and sequences for them.

export const vocabulary = 7;
export const classes = 5;

/** Stacked LSTMs without and GRUs with a mean over steps; widths that do not fill a panel. */
export const lstmNetwork = networkSpec.parse({
  layers: [
    { type: 'embedding', name: 'in', vocabulary, units: 3 },
    { type: 'recurrent', name: 'cells', cell: 'lstm', units: 19, layers: 2 },
    { type: 'dense', name: 'out', units: classes, activation: 'softmax' },
  ],
});
export const gruNetwork = networkSpec.parse({
  layers: [
    { type: 'embedding', name: 'in', vocabulary, units: 17 },
    { type: 'recurrent', name: 'cells', cell: 'gru', units: 6 },
    { type: 'pool', mode: 'mean' },
    { type: 'dense', name: 'out', units: classes, activation: 'softmax' },
  ],
});

/** Larger than what training starts from, biases included, so that every term of a gradient counts. */
export function weightsOf(spec: NetworkSpec): Weights {
  const random = createRng(3);
  const weights = initialWeights(resolveGraph(spec, { kind: 'ids', vocabulary }), random);
  for (const { shape, values } of weights.values())
    for (let i = 0; i < values.length; i++)
      values[i] = values[i]! * 1.5 + (shape.length === 1 ? random.next() - 0.5 : 0);
  return weights;
}

export const inFloat64 = (weights: Weights): Tensors64 =>
  new Map([...weights].map(([name, { values }]) => [name, Float64Array.from(values)]));

/** A sequence with what each step should answer; every third step counts for nothing. */
export interface Example {
  readonly ids: number[];
  readonly targets: { class: number; weight: number }[];
}

export function example(steps: number, seed: number): Example {
  const random = createRng(seed);
  const draw = (below: number): number => Math.floor(random.next() * below);
  return {
    ids: Array.from({ length: steps }, () => draw(vocabulary)),
    targets: Array.from({ length: steps }, (_, t) => ({
      class: draw(classes),
      weight: t % 3 === 2 ? 0 : 0.25 + random.next(),
    })),
  };
}

/** Examples, longest first, as one packed batch. */
export function batchOf(examples: readonly Example[]): Batch {
  const plan = planOf(examples.map(({ ids }) => ids.length));
  const steps = Array.from({ length: plan.steps }, (_, t) => t);
  const packed = steps.flatMap((t) =>
    examples.filter(({ ids }) => ids.length > t).map(({ ids, targets }) => ({ id: ids[t]!, ...targets[t]! })),
  );
  return {
    plan,
    ids: Int32Array.from(packed, ({ id }) => id),
    targets: {
      classes: Int32Array.from(packed, (step) => step.class),
      weights: Float32Array.from(packed, ({ weight }) => weight),
    },
  };
}
