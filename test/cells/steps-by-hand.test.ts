import { describe, expect, it } from 'vitest';
import { gru } from '../../src/cells/gru.ts';
import { gruResetBefore } from '../../src/cells/gru-reset-before.ts';
import { lstm } from '../../src/cells/lstm.ts';
import { plainActivation, usualOptions } from '../../src/cells/options.ts';
import { referenceStep, type CellWeights } from '../../src/cells/reference-step.ts';
import { rnn } from '../../src/cells/rnn.ts';

// One unit, one input: small enough to write the equations out with scalars. Every weight differs, so a swapped gate shows.

const [rnnStep, lstmStep] = [referenceStep(rnn), referenceStep(lstm)];
const [gruResetAfterStep, gruResetBeforeStep] = [referenceStep(gru), referenceStep(gruResetBefore)];
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
    const relu = { ...usualOptions, candidate: plainActivation('relu') };
    expect(rnnStep(gates(1), [x], state).h[0]).toBeCloseTo(Math.tanh(sums[0]!), 15);
    expect(rnnStep(gates(1), [x], state, relu).h[0]).toBe(0);
    expect(rnnStep(gates(1), [9], state, relu).h[0]).toBeCloseTo(0.9 + 0.12 - 0.2, 15);
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

  it('takes another activation for the gates, the candidate and the output', () => {
    const next = lstmStep(gates(4), [x], state, {
      ...usualOptions,
      gate: { type: 'hard_sigmoid', alpha: 0, beta: 0.5 },
      candidate: { type: 'affine', alpha: 2, beta: 1 },
      output: plainActivation('relu'),
    });
    expect(next.c[0]).toBeCloseTo(0.5 * c + 0.5 * (2 * sums[2]! + 1), 15);
    expect(next.h[0]).toBeCloseTo(0.5 * next.c[0]!, 15);
  });

  it('clips the sums, and not an LSTM’s c', () => {
    const clip = 0.05;
    const within = (value: number): number => Math.max(-clip, Math.min(clip, value));
    const [i, f, g, o] = sums.map(within) as [number, number, number, number];
    const next = lstmStep(gates(4), [x], state, { ...usualOptions, clip });
    const nextC = sigma(f) * c + sigma(i) * Math.tanh(g);
    expect(nextC).toBeGreaterThan(clip);
    expect(next.c[0]).toBeCloseTo(nextC, 15);
    expect(next.h[0]).toBeCloseTo(sigma(o) * Math.tanh(nextC), 15);
    const gru = gruResetAfterStep(gates(3), [x], state, { ...usualOptions, clip: 0.01 });
    const half = sigma(0.01);
    const [r, z] = [sums[0]! < 0 ? sigma(-0.01) : half, sums[1]! < 0 ? sigma(-0.01) : half];
    const n = 0.3 * x + 0.03 + r * (-0.7 * h + 0.13);
    expect(gru.h[0]).toBeCloseTo((1 - z) * Math.tanh(Math.max(-0.01, Math.min(0.01, n))) + z * h, 15);
  });

  it('sets f to 1 − i with an input-forget gate', () => {
    const [i, , g] = sums;
    const next = lstmStep(gates(4), [x], state, { ...usualOptions, inputForget: true });
    expect(next.c[0]).toBeCloseTo((1 - sigma(i!)) * c + sigma(i!) * Math.tanh(g!), 15);
  });

  it('adds peepholes to i, f and o, the last with the new c', () => {
    const [i, f, g, o] = sums;
    const weights = { ...gates(4), peephole: [0.21, -0.32, 0.43] };
    const next = lstmStep(weights, [x], state, { ...usualOptions, peepholes: true });
    const nextC = sigma(f! - 0.32 * c) * c + sigma(i! + 0.21 * c) * Math.tanh(g!);
    expect(next.c[0]).toBeCloseTo(nextC, 15);
    expect(next.h[0]).toBeCloseTo(sigma(o! + 0.43 * nextC) * Math.tanh(nextC), 15);
  });
});
