import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/random.ts';
import { referenceNetwork } from '../../src/network/reference-network.ts';
import { referenceGradient } from './reference-gradient.ts';
import { createExample, inFloat64, learningCases, createWeights } from '../training/networks.ts';

// The oracle of the learner, itself against difference quotients, and against the reference that serving is checked by.

const steps = 4;
const small = 1e-5;

describe.each(learningCases.map((one) => [one.name, one] as const))('%s', (_, one) => {
  const tensors = inFloat64(createWeights(one));
  const example = createExample(one, steps, 11);
  const inputs = { input: one.input, ...(one.source && { source: one.source }) };
  const run = () => referenceGradient(one.spec, inputs, tensors, example, one.loss);

  it('has the gradient that central differences have', () => {
    const { gradient } = run();
    const random = createRng(5);
    // every tensor along a few random directions: each takes part in all of its numbers
    for (const [name, values] of tensors)
      for (let turn = 0; turn < 2; turn++) {
        const direction = values.map(() => 2 * random.next() - 1);
        const before = values.slice();
        const lossAt = (sign: number): number => {
          values.forEach((__, i) => (values[i] = before[i]! + sign * small * direction[i]!));
          return run().loss;
        };
        const quotient = (lossAt(1) - lossAt(-1)) / (2 * small);
        values.set(before);
        const slopes = gradient.get(name)!;
        const along = slopes.reduce((sum, slope, i) => sum + slope * direction[i]!, 0);
        const scale = slopes.reduce((sum, slope, i) => sum + Math.abs(slope * direction[i]!), 0) + 1e-3;
        expect(Math.abs(quotient - along) / scale, name).toBeLessThan(1e-6);
      }
  });
});

it('gives what the reference of serving gives', () => {
  for (const one of learningCases) {
    const last = one.spec.layers.at(-1)!;
    if (one.source || (last.type === 'dense' && last.activation !== 'linear')) continue;
    const example = createExample(one, steps, 12);
    const rows = example.sequence.map((row) => (typeof row === 'number' ? row : Float64Array.from(row)));
    const { logits } = referenceGradient(
      one.spec,
      { input: one.input },
      inFloat64(createWeights(one)),
      example,
      one.loss,
    );
    const { output } = referenceNetwork(one.spec, createWeights(one), rows as never);
    output.forEach((row, t) => row.forEach((value, k) => expect(logits[t]![k]).toBeCloseTo(value, 12)));
  }
});
