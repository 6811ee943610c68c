import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { Parameter } from '../../../src/network/learning/layer.ts';
import { createRng } from '../../../src/random.ts';
import { optimiserSpec } from '../../../src/training/optimise/optimiser.ts';
import { createOptimiser } from '../../../src/training/optimise/optimisers/create-optimiser.ts';
import {
  computeNorm,
  createSharedUpdate,
  createUpdateShare,
  setNext,
} from '../../../src/training/run/update-share.ts';

// A matrix and a table that take several ranges, and a bias.

const [rows, width] = [300, 48];

/** The parameters of a shard, whose gradient is zero but in a few rows of the table; `marked`: that is known. */
function createParameters(shard: number, marked: boolean): Parameter[] {
  const [random, slopes] = [createRng(1), createRng(2, shard)];
  const touched = Uint8Array.from({ length: rows }, (_, row) => Number(row % 11 === shard || row === 7));
  const parameter = (name: string, length: number, hasSlope: (i: number) => boolean): Parameter => ({
    name,
    values: Float32Array.from({ length }, () => random.next() - 0.5),
    gradient: Float32Array.from({ length }, (_, i) => (hasSlope(i) ? slopes.next() - 0.5 : 0)),
    decays: name === 'matrix',
  });
  return [
    {
      ...parameter('table', rows * width, (i) => touched[Math.floor(i / width)] === 1),
      ...(marked && { touched }),
    },
    parameter('matrix', 10_000, () => true),
    parameter('bias', 16, () => true),
  ];
}

const specs: z.input<typeof optimiserSpec>[] = [
  { type: 'sgd' },
  { type: 'sgd', weight_decay: 0.1 },
  { type: 'sgd', momentum: 0.9, nesterov: true },
  { type: 'rmsprop', momentum: 0.5 },
  { type: 'adam', weight_decay: 0.1 },
  { type: 'adamw', weight_decay: 0.1 },
];

/** Three updates of three shards, whose gradients stay the same. */
function update(spec: z.input<typeof optimiserSpec>, { shares = 1, marked = true } = {}) {
  const shards = [0, 1, 2].map((shard) => createParameters(shard, marked));
  const rule = optimiserSpec.parse(spec);
  const optimiser = createOptimiser(shards[0]!, rule);
  const shared = createSharedUpdate(shards, rule, optimiser.slots);
  const all = Array.from({ length: shares }, (_, share) => createUpdateShare(shared, share, shares));
  const norms = [];
  for (let step = 0; step < 3; step++) {
    for (const share of all) share.sum(3);
    norms.push(computeNorm(shared));
    setNext(shared, optimiser.next(0.1, 0.7, 0.2));
    for (const share of all) share.update();
  }
  const values = shards.map((parameters) => parameters.map((one) => one.values));
  return { values, norms, state: optimiser.state };
}

describe.each(specs.map((spec) => [JSON.stringify(spec), spec] as const))('an update by %s', (_, spec) => {
  const whole = update(spec);

  it('has the same bits in any number of shares', () => {
    for (const shares of [2, 3, 16]) expect(update(spec, { shares })).toEqual(whole);
  });

  it('has the same bits as one that reads the whole gradient of a table', () => {
    const { values, state, norms } = update(spec, { marked: false });
    expect(values).toEqual(whole.values);
    expect(state).toEqual(whole.state);
    norms.forEach((norm, step) => expect(norm / whole.norms[step]!).toBeCloseTo(1, 12));
  });

  it('leaves all shards with the same values', () => {
    const [first, ...rest] = whole.values;
    expect(first).not.toEqual(createParameters(0, true).map(({ values }) => values));
    for (const other of rest) expect(other).toEqual(first);
  });
});
