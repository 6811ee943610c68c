import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/random.ts';
import type { Parameter } from '../../../src/network/learning/layer.ts';
import { optimiserSpec } from '../../../src/training/optimise/optimiser.ts';
import { optimiserOf } from '../update-parameters.ts';
import type { z } from 'zod';

type Input = z.input<typeof optimiserSpec>;
const length = 17;

function parameters(): Parameter[] {
  const random = createRng(2);
  return [true, false].map((decays, i) => ({
    name: `p${i}`,
    values: Float32Array.from({ length }, () => 2 * random.next() - 1),
    gradient: new Float32Array(length),
    decays,
  }));
}
/** Fills the gradients of one step. */
function fillGradients(all: readonly Parameter[], step: number): void {
  const random = createRng(3, step);
  for (const { gradient } of all) for (let i = 0; i < length; i++) gradient[i] = 2 * random.next() - 1;
}

/** One parameter value after updates by the papers' formulas, in float64. */
function followFormula(
  spec: Input,
  decays: boolean,
  start: number,
  slopes: readonly number[],
  rate: number,
): number {
  let [p, first, second] = [start, 0, 0];
  slopes.forEach((raw, t) => {
    const decay = decays ? (spec.weight_decay ?? 0) : 0;
    const g = raw + (spec.type === 'adamw' ? 0 : decay * p);
    if (spec.type === 'sgd') {
      first = (spec.momentum ?? 0) * first + g;
      p -= rate * (spec.nesterov ? g + (spec.momentum ?? 0) * first : first);
    } else if (spec.type === 'rmsprop') {
      second = 0.99 * second + 0.01 * g * g;
      first = (spec.momentum ?? 0) * first + g / (Math.sqrt(second) + 1e-8);
      p -= rate * first;
    } else {
      if (spec.type === 'adamw') p *= 1 - rate * decay;
      first = 0.9 * first + 0.1 * g;
      second = 0.999 * second + 0.001 * g * g;
      p -= (rate * (first / (1 - 0.9 ** (t + 1)))) / (Math.sqrt(second / (1 - 0.999 ** (t + 1))) + 1e-8);
    }
  });
  return p;
}

const specs: Input[] = [
  { type: 'sgd' },
  { type: 'sgd', momentum: 0.9, weight_decay: 0.1 },
  { type: 'sgd', momentum: 0.9, nesterov: true },
  { type: 'rmsprop' },
  { type: 'rmsprop', momentum: 0.5, weight_decay: 0.01 },
  { type: 'adam', weight_decay: 0.1 },
  { type: 'adamw', weight_decay: 0.1 },
];

describe.each(specs.map((spec) => [JSON.stringify(spec), spec] as const))('%s', (_, input) => {
  const spec = optimiserSpec.parse(input);

  it('follows its formula, with weight decay of matrices only', () => {
    const all = parameters();
    const start = all.map(({ values }) => values.slice());
    const optimiser = optimiserOf(all, spec);
    const slopes = all.map(() => Array.from({ length }, (): number[] => []));
    for (let step = 0; step < 10; step++) {
      fillGradients(all, step);
      all.forEach(({ gradient }, i) => gradient.forEach((g, k) => slopes[i]![k]!.push(g)));
      optimiser.update(0.01);
    }
    all.forEach(({ values, decays }, i) =>
      values.forEach((value, k) => {
        const wanted = followFormula(input, decays, start[i]![k]!, slopes[i]![k]!, 0.01);
        expect(Math.abs(value - wanted)).toBeLessThan(2e-6);
      }),
    );
  });

  it('is bit-identical after restoring its state', () => {
    const [whole, parts] = [parameters(), parameters()];
    const one = optimiserOf(whole, spec);
    let other = optimiserOf(parts, spec);
    for (let step = 0; step < 8; step++) {
      fillGradients(whole, step);
      one.update(0.01, 0.5);
      if (step === 4) {
        const kept = new Map([...other.state].map(([name, values]) => [name, values.slice()]));
        const { updates } = other;
        other = optimiserOf(parts, spec);
        other.restore(updates, kept);
      }
      fillGradients(parts, step);
      other.update(0.01, 0.5);
    }
    expect(parts.map(({ values }) => values)).toEqual(whole.map(({ values }) => values));
  });
});

it('scales gradients, then clips each to the limit', () => {
  const [parameter] = parameters();
  const before = parameter!.values.slice();
  const optimiser = optimiserOf([parameter!], optimiserSpec.parse({ type: 'sgd' }));
  parameter!.gradient.fill(0);
  parameter!.gradient.set([10, -10, 0.1]);
  optimiser.update(1, 0.5, 2);
  expect(
    [0, 1, 2, 3].map((i) => before[i]! - parameter!.values[i]!).map((step) => Number(step.toFixed(5))),
  ).toEqual([2, -2, 0.05, 0]);
});

it('rejects nesterov without momentum, and the state of another optimiser', () => {
  expect(optimiserSpec.safeParse({ type: 'sgd', nesterov: true }).success).toBe(false);
  const optimiser = optimiserOf(parameters(), optimiserSpec.parse({ type: 'adam' }));
  expect(() => optimiser.restore(1, new Map())).toThrow(/p0\.first/);
});
