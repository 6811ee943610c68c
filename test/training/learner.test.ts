import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/random.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { networkSpec } from '../../src/network/spec.ts';
import type { Learner } from '../../src/training/learner-interface.ts';
import { lossSpec } from '../../src/training/optimise/loss.ts';
import { createLearner } from '../../src/training/learner.ts';
import { referenceGradient } from '../reference/reference-gradient.ts';
import {
  packExamples,
  createExample,
  inFloat64,
  learningCases,
  createWeights,
  type LearningCase,
} from './networks.ts';

const kernel = createKernel({ mode: 'auto', memoryMegabytes: 512 });
const plain: Kernel = createKernel({ mode: 'plain', memoryMegabytes: 512 });
const capacity = { rows: 8, packed: 340 };

function createTestLearner(one: LearningCase, on: Kernel = kernel, frozen: string[] = []): Learner {
  const { spec, input, source, loss } = one;
  const learner = createLearner(on, spec, {
    input,
    ...(source && { source, sourceCapacity: { rows: 8, packed: 60, steps: 8 } }),
    capacity,
    loss,
    frozen: new Set(frozen),
  });
  learner.load(createWeights(one));
  return learner;
}
/** The gradient of every tensor, in the order and layout of the weights file: what the weights lose at rate 1. */
function getGradient(learner: Learner): Map<string, Float32Array> {
  for (const { values, gradient } of learner.parameters) values.set(gradient);
  return new Map([...learner.save()].map(([name, { values }]) => [name, values]));
}
const find = (name: string): LearningCase => learningCases.find((one) => one.name === name)!;

it.each([
  [{ type: 'conv1d', name: 'near', units: 4, kernel: 3 }, 'layer near: conv1d is inference only'],
  [{ type: 'pool', name: 'seen', mode: 'attention' }, 'layer seen: pool attention is inference only'],
])('refuses a layer that cannot learn, by its name: %j', (layer, says) => {
  const spec = networkSpec.parse({
    layers: [{ type: 'dense', units: 3 }, layer, { type: 'dense', units: 1 }],
  });
  const learning = (): Learner =>
    createLearner(kernel, spec, {
      input: { kind: 'features', width: 2 },
      capacity,
      loss: lossSpec.parse({ type: 'mean_squared' }),
    });
  expect(learning).toThrow(says);
  expect(learning).toThrow(expect.objectContaining({ code: 'invalid_model' }) as Error);
});

describe.each(learningCases.map((one) => [one.name, one] as const))('learning: %s', (_, one) => {
  // lengths for which rows end one at a time, two at once, and one runs alone; more packed rows than a chunk
  const examples = [90, 61, 61, 60, 33, 2, 1].map((steps, i) => createExample(one, steps, i));

  it('has the loss and gradient of the reference, summed over sequences of any length', () => {
    const learner = createTestLearner(one);
    const inputs = { input: one.input, ...(one.source && { source: one.source }) };
    const references = examples.map((example) =>
      referenceGradient(one.spec, inputs, inFloat64(createWeights(one)), example, one.loss),
    );
    const batch = packExamples(one, examples);
    const expected = references.reduce((sum, reference) => sum + reference.loss, 0);
    expect(Math.abs(learner.measure(batch) - expected) / expected).toBeLessThan(1e-5);
    learner.reset();
    expect(Math.abs(learner.differentiate(batch, createRng(1)) - expected) / expected).toBeLessThan(1e-5);

    for (const [name, values] of getGradient(learner)) {
      const slopes = references
        .map(({ gradient }) => gradient.get(name)!)
        .reduce((sum, part) => sum.map((slope, i) => slope + part[i]!));
      const largest = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 1e-3);
      const worst = slopes.reduce((most, slope, i) => Math.max(most, Math.abs(slope - values[i]!)), 0);
      expect(worst / largest, name).toBeLessThan(1e-4);
    }
    learner.free();
  });

  it('has a bit-identical gradient on the plain path', () => {
    const [a, b] = [createTestLearner(one), createTestLearner(one, plain)].map((learner) => {
      learner.differentiate(packExamples(one, examples), createRng(1));
      const gradient = getGradient(learner);
      learner.free();
      return gradient;
    });
    expect(a).toEqual(b);
  });

  it('saves the weights that were loaded', () => {
    const learner = createTestLearner(one);
    expect(learner.save()).toEqual(createWeights(one));
    learner.free();
  });
});

describe('a cell that is served and not trained', () => {
  it('is rejected by createLearner', () => {
    const spec = networkSpec.parse({
      layers: [
        { type: 'recurrent', name: 'read', cell: 'lstm', units: 3, clip: 2 },
        { type: 'dense', units: 2 },
      ],
    });
    expect(() =>
      createLearner(kernel, spec, {
        input: { kind: 'features', width: 2 },
        capacity,
        loss: { type: 'mean_squared' },
      }),
    ).toThrow(/^layer read: clip: is served and not trained/);
  });
});

describe('learning in chunks', () => {
  const one = find('lstm of 17');
  const { sequence, targets } = createExample(one, 40, 5);
  const part = (from: number, to: number) =>
    packExamples(one, [{ sequence: sequence.slice(from, to), targets: targets.slice(from, to) }]);

  it('continues from the state of the previous chunk, until it is reset', () => {
    const learner = createTestLearner(one);
    const whole = learner.measure(part(0, 40));
    learner.reset();
    const chunks = learner.measure(part(0, 13)) + learner.measure(part(13, 40));
    expect(Math.abs(chunks - whole)).toBeLessThan(1e-5 * whole);
    learner.reset();
    const separate = learner.measure(part(0, 13)) + (learner.reset(), learner.measure(part(13, 40)));
    expect(Math.abs(separate - whole)).toBeGreaterThan(1e-3);
  });

  it('continues from the state after carryAfter steps, where windows overlap', () => {
    const learner = createTestLearner(one);
    learner.measure({ ...part(0, 20), carryAfter: 13 });
    const overlapping = learner.measure(part(13, 40));
    learner.reset();
    learner.measure(part(0, 13));
    expect(overlapping).toBe(learner.measure(part(13, 40)));
  });

  it('rejects a batch over its capacity', () => {
    const learner = createTestLearner(one);
    expect(() => learner.measure(packExamples(one, [createExample(one, 401, 1)]))).toThrow(RangeError);
  });
});

describe('dropout', () => {
  const base = find('lstm of 17');
  const dropping = (layer: object): LearningCase => ({
    ...base,
    spec: {
      ...base.spec,
      layers: [base.spec.layers[0]!, ...[layer].flat(), ...base.spec.layers.slice(1)] as never,
    },
  });
  const recurrent = (cell: object): LearningCase => ({
    ...base,
    spec: {
      ...base.spec,
      layers: base.spec.layers.map((layer) =>
        layer.type === 'recurrent' ? { ...layer, ...cell, recurrent_dropout: 0.4 } : layer,
      ),
    },
  });
  const cases = [
    ['the same mask at every step', dropping({ type: 'dropout', rate: 0.5, steps: 'same' })],
    ['a new mask at each step', dropping({ type: 'dropout', rate: 0.5, steps: 'each' })],
    ['recurrent, lstm', recurrent({ cell: 'lstm' })],
    ['recurrent, gru after', recurrent({ cell: 'gru', reset: 'after' })],
    ['recurrent, gru before', recurrent({ cell: 'gru', reset: 'before' })],
    ['recurrent, rnn', recurrent({ cell: 'rnn' })],
  ] as const;

  it.each(cases)('%s: is drawn by the seed in differentiate, and off in measure', (_, one) => {
    const learner = createTestLearner(one);
    const batch = packExamples(one, [createExample(one, 20, 1), createExample(one, 7, 2)]);
    const run = (seed: number): number => (learner.reset(), learner.differentiate(batch, createRng(seed)));
    const measure = (): number => (learner.reset(), learner.measure(batch));
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
    expect(measure()).toBe(measure());
    expect(measure()).not.toBe(run(1));
    learner.free();
  });

  it.each(cases)('%s: the gradient is that of the loss with the mask', (_, one) => {
    const learner = createTestLearner(one);
    const batch = packExamples(one, [createExample(one, 12, 1), createExample(one, 5, 2)]);
    const run = (): number => (learner.reset(), learner.differentiate(batch, createRng(9)));
    run();
    const random = createRng(4);
    for (const { name, values, gradient } of learner.parameters) {
      const slopes = gradient.slice();
      const direction = values.map(() => 2 * random.next() - 1);
      // padding past the width has no effect
      const before = values.slice();
      const at = (sign: number): number => {
        values.forEach((__, i) => (values[i] = before[i]! + sign * 1e-2 * direction[i]!));
        learner.refresh();
        return run();
      };
      const quotient = (at(1) - at(-1)) / 2e-2;
      values.set(before);
      learner.refresh();
      const along = slopes.reduce((sum, slope, i) => sum + slope * direction[i]!, 0);
      const scale = slopes.reduce((sum, slope, i) => sum + Math.abs(slope * direction[i]!), 0) + 1e-2;
      expect(Math.abs(quotient - along) / scale, name).toBeLessThan(0.04);
    }
    learner.free();
  });
});

describe('frozen layers', () => {
  it('are not among the parameters, and do not change other gradients', () => {
    const one = find('lstm of 17');
    const whole = createTestLearner(one);
    const frozen = createTestLearner(one, kernel, ['cells']);
    expect(frozen.parameters.map(({ name }) => name)).toEqual(
      whole.parameters.map(({ name }) => name).filter((name) => !name.startsWith('cells.')),
    );
    const batch = packExamples(one, [createExample(one, 9, 1)]);
    for (const learner of [whole, frozen]) learner.differentiate(batch, createRng(1));
    for (const { name, gradient } of frozen.parameters)
      expect(gradient).toEqual(whole.parameters.find((other) => other.name === name)!.gradient);
  });
});

it('frees its memory', () => {
  const before = kernel.memory.used;
  createTestLearner(find('attention additive, no bridge, gru before')).free();
  expect(kernel.memory.used).toBe(before);
});
