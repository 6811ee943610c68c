import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/decoding/rng.ts';
import { createKernel, type Kernel } from '../../src/kernel/kernel.ts';
import { networkSpec, type NetworkSpec } from '../../src/network/spec.ts';
import { referenceNetwork } from '../../src/network/reference-network.ts';
import { createLearner, type Learner } from '../../src/training/learner.ts';
import { referenceGradient } from '../../src/training/reference-gradient.ts';
import {
  batchOf,
  classes,
  example,
  gruNetwork,
  inFloat64,
  lstmNetwork,
  vocabulary,
  weightsOf,
} from './small-networks.ts';

const kernel: Kernel = createKernel({ mode: 'auto', memoryMegabytes: 256 });
const capacity = { rows: 8, packed: 400 };
function learnerOf(spec: NetworkSpec, on: Kernel = kernel): Learner {
  const learner = createLearner(on, spec, { vocabulary, capacity });
  learner.load(weightsOf(spec));
  return learner;
}
/** The gradient of every tensor, in the order and layout of the weights file: what the weights lose at rate 1. */
function gradientOf(learner: Learner): Map<string, Float32Array> {
  for (const { values, gradient } of learner.parameters) values.set(gradient);
  return new Map([...learner.save()].map(([name, { values }]) => [name, values]));
}

describe.each([
  ['a stacked LSTM', lstmNetwork],
  ['a GRU with a mean over steps', gruNetwork],
])('learning: %s', (_, spec) => {
  // lengths that make rows leave one by one, two at once, and run alone; more than a chunk of packed rows
  const examples = [90, 61, 61, 60, 33, 2, 1].map((steps, i) => example(steps, i));

  it('has the loss and the gradient of the reference, summed over sequences of any length', () => {
    const learner = learnerOf(spec);
    const references = examples.map(({ ids, targets }) =>
      referenceGradient(spec, vocabulary, inFloat64(weightsOf(spec)), ids, targets),
    );
    const loss = learner.differentiate(batchOf(examples), createRng(1));
    const expected = references.reduce((sum, reference) => sum + reference.loss, 0);
    expect(Math.abs(loss - expected) / expected).toBeLessThan(1e-5);

    for (const [name, values] of gradientOf(learner)) {
      const slopes = references
        .map(({ gradient }) => gradient.get(name)!)
        .reduce((sum, part) => sum.map((slope, i) => slope + part[i]!));
      const largest = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
      const worst = slopes.reduce((most, slope, i) => Math.max(most, Math.abs(slope - values[i]!)), 0);
      expect(worst / largest, name).toBeLessThan(1e-4);
    }
  });

  it('has the same bits of gradient on the plain path', () => {
    const plain = createKernel({ mode: 'plain', memoryMegabytes: 256 });
    const [a, b] = [learnerOf(spec), learnerOf(spec, plain)].map((learner) => {
      learner.differentiate(batchOf(examples), createRng(1));
      return gradientOf(learner);
    });
    expect(a).toEqual(b);
  });

  it('gives back the weights it was given', () => {
    const weights = weightsOf(spec);
    expect(learnerOf(spec).save()).toEqual(weights);
  });

  it('measures the loss of what the network serves', () => {
    const { ids, targets } = examples[0]!;
    const { output } = referenceNetwork(spec, weightsOf(spec), ids);
    const served = output.reduce(
      (sum, row, t) => sum - targets[t]!.weight * Math.log(row[targets[t]!.class]!),
      0,
    );
    const learner = learnerOf(spec);
    expect(Math.abs(learner.measure(batchOf([examples[0]!])) - served) / served).toBeLessThan(1e-5);
  });
});

describe('learning in chunks', () => {
  it('starts where the chunk before ended, until it is reset', () => {
    const { ids, targets } = example(40, 5);
    const part = (from: number, to: number) =>
      batchOf([{ ids: ids.slice(from, to), targets: targets.slice(from, to) }]);
    const learner = learnerOf(lstmNetwork);
    const whole = learner.measure(part(0, 40));
    learner.reset();
    const chunks = learner.measure(part(0, 13)) + learner.measure(part(13, 40));
    expect(Math.abs(chunks - whole)).toBeLessThan(1e-5 * whole);
    learner.reset();
    const apart = learner.measure(part(0, 13)) + (learner.reset(), learner.measure(part(13, 40)));
    expect(Math.abs(apart - whole)).toBeGreaterThan(1e-3);
  });

  it('refuses a batch that is larger than it was built for', () => {
    const learner = learnerOf(gruNetwork);
    expect(() => learner.measure(batchOf([example(401, 1)]))).toThrow(RangeError);
  });
});

describe('dropout', () => {
  const spec = networkSpec.parse({
    layers: [
      { type: 'embedding', name: 'in', vocabulary, units: 16 },
      { type: 'dropout', rate: 0.5 },
      { type: 'recurrent', name: 'cells', cell: 'gru', units: 16 },
      { type: 'dense', name: 'out', units: classes, activation: 'softmax' },
    ],
  });
  it('drops by seed when learning, and nothing when measuring', () => {
    const learner = learnerOf(spec);
    const batch = batchOf([example(20, 1)]);
    const run = (seed: number): number => (learner.reset(), learner.differentiate(batch, createRng(seed)));
    const measure = (): number => (learner.reset(), learner.measure(batch));
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
    expect(measure()).toBe(measure());
    expect(measure()).not.toBe(run(1));
  });
});

it('refuses layers that it has no gradient for, by name', () => {
  const spec = networkSpec.parse({
    layers: [
      { type: 'embedding', vocabulary, units: 4 },
      { type: 'recurrent', name: 'both-ways', cell: 'gru', units: 4, bidirectional: true },
      { type: 'dense', units: classes, activation: 'softmax' },
    ],
  });
  expect(() => learnerOf(spec)).toThrow(/both-ways/);
});
