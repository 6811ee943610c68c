import { describe, expect, it } from 'vitest';
import { gruResetAfterStep, gruResetBeforeStep } from '../../../src/kernel/reference/gru.ts';
import { lstmStep } from '../../../src/kernel/reference/lstm.ts';
import { rnnStep } from '../../../src/kernel/reference/rnn.ts';
import type { CellWeights } from '../../../src/kernel/reference/cell.ts';

// One unit, one input: small enough to write the equations out with scalars. Every weight differs, so a swapped gate shows.

const sigma = (x: number): number => 1 / (1 + Math.exp(-x));
const x = 0.7;
const h = -0.4;
const c = 0.9;
const state = { h: Float64Array.of(h), c: Float64Array.of(c) };
const rows = {
  weightIh: [0.1, -0.2, 0.3, 0.4],
  weightHh: [0.5, 0.6, -0.7, 0.8],
  biasIh: [0.01, 0.02, 0.03, 0.04],
  biasHh: [0.11, 0.12, 0.13, -0.14],
};
const gates = (count: number): CellWeights => ({
  weightIh: rows.weightIh.slice(0, count),
  weightHh: rows.weightHh.slice(0, count),
  biasIh: rows.biasIh.slice(0, count),
  biasHh: rows.biasHh.slice(0, count),
});
const sums = rows.weightIh.map((w, k) => w * x + rows.biasIh[k]! + rows.weightHh[k]! * h + rows.biasHh[k]!);

describe('one step by hand', () => {
  it('plain RNN', () => {
    expect(rnnStep('tanh')(gates(1), [x], state).h[0]).toBeCloseTo(Math.tanh(sums[0]!), 15);
    expect(rnnStep('relu')(gates(1), [x], state).h[0]).toBe(0);
    expect(rnnStep('relu')(gates(1), [9], state).h[0]).toBeCloseTo(0.9 + 0.12 - 0.2, 15);
  });

  it('LSTM, gates i, f, g, o', () => {
    const [i, f, g, o] = sums;
    const nextC = sigma(f!) * c + sigma(i!) * Math.tanh(g!);
    const next = lstmStep(gates(4), [x], state);
    expect(next.c[0]).toBeCloseTo(nextC, 15);
    expect(next.h[0]).toBeCloseTo(sigma(o!) * Math.tanh(nextC), 15);
  });

  it('GRU, gates r, z, n, the reset after the product or before it', () => {
    const r = sigma(sums[0]!);
    const z = sigma(sums[1]!);
    const fromInput = 0.3 * x + 0.03;
    const after = Math.tanh(fromInput + r * (-0.7 * h + 0.13));
    const before = Math.tanh(fromInput + -0.7 * (r * h) + 0.13);
    const seen = {
      after: gruResetAfterStep(gates(3), [x], state).h[0]!,
      before: gruResetBeforeStep(gates(3), [x], state).h[0]!,
    };
    expect(seen.after).toBeCloseTo((1 - z) * after + z * h, 15);
    expect(seen.before).toBeCloseTo((1 - z) * before + z * h, 15);
    expect(seen.before).not.toBeCloseTo(seen.after, 4);
  });

  it('takes other nonlinearities where asked', () => {
    const activations = { gate: () => 0.5, value: (value: number) => value };
    const next = lstmStep(gates(4), [x], state, activations);
    expect(next.c[0]).toBeCloseTo(0.5 * c + 0.5 * sums[2]!, 15);
    expect(next.h[0]).toBeCloseTo(0.5 * next.c[0]!, 15);
  });
});
