import { describe, expect, it } from 'vitest';
import { gruSequence, gruStep } from '../../../src/kernel/reference/gru.ts';
import { lstmSequence, lstmStep } from '../../../src/kernel/reference/lstm.ts';
import { rnnSequence, rnnStep } from '../../../src/kernel/reference/rnn.ts';

// One unit, one input: small enough to write the equations out with scalars. Every weight differs, so a swapped gate shows.

const sigma = (x: number): number => 1 / (1 + Math.exp(-x));
const x = 0.7;
const h = -0.4;
const c = 0.9;
const four = {
  weightIh: [0.1, -0.2, 0.3, 0.4],
  weightHh: [0.5, 0.6, -0.7, 0.8],
  biasIh: [0.01, 0.02, 0.03, 0.04],
  biasHh: [0.11, 0.12, 0.13, -0.14],
};
const sums = four.weightIh.map((w, k) => w * x + four.biasIh[k]! + four.weightHh[k]! * h + four.biasHh[k]!);
const three = Object.fromEntries(
  Object.entries(four).map(([key, rows]) => [key, rows.slice(0, 3)]),
) as typeof four;

describe('one step by hand', () => {
  it('plain RNN', () => {
    const one = { weightIh: [0.1], weightHh: [0.5], biasIh: [0.01], biasHh: [0.11], units: 1 };
    expect(rnnStep({ x: [x], h: [h], ...one }).h[0]).toBeCloseTo(Math.tanh(sums[0]!), 15);
    expect(rnnStep({ x: [x], h: [h], activation: 'relu', ...one }).h[0]).toBe(0);
    expect(rnnStep({ x: [9], h: [h], activation: 'relu', ...one }).h[0]).toBeCloseTo(0.9 + 0.12 - 0.2, 15);
  });

  it('LSTM, gates i, f, g, o', () => {
    const [i, f, g, o] = sums;
    const nextC = sigma(f!) * c + sigma(i!) * Math.tanh(g!);
    const next = lstmStep({ x: [x], h: [h], c: [c], ...four, units: 1 });
    expect(next.c[0]).toBeCloseTo(nextC, 15);
    expect(next.h[0]).toBeCloseTo(sigma(o!) * Math.tanh(nextC), 15);
  });

  it('GRU, gates r, z, n, the reset after the product or before it', () => {
    const r = sigma(sums[0]!);
    const z = sigma(sums[1]!);
    const fromInput = 0.3 * x + 0.03;
    const after = Math.tanh(fromInput + r * (-0.7 * h + 0.13));
    const before = Math.tanh(fromInput + -0.7 * (r * h) + 0.13);
    const step = (reset: 'before' | 'after'): number =>
      gruStep({ x: [x], h: [h], reset, ...three, units: 1 }).h[0]!;
    expect(step('after')).toBeCloseTo((1 - z) * after + z * h, 15);
    expect(step('before')).toBeCloseTo((1 - z) * before + z * h, 15);
    expect(step('before')).not.toBeCloseTo(step('after'), 4);
  });

  it('a missing bias counts as zeros', () => {
    const { weightIh, weightHh } = four;
    const zeros = { biasIh: [0, 0, 0, 0], biasHh: [0, 0, 0, 0] };
    const given = { x: [x], h: [h], c: [c], weightIh, weightHh, units: 1 };
    expect(lstmStep(given)).toEqual(lstmStep({ ...given, ...zeros }));
  });
});

describe('a sequence', () => {
  const xs = [0.5, -1, 0.25, 2];
  const sequences = {
    rnn: (options: object) =>
      rnnSequence({ xs, weightIh: [0.1, -0.2], weightHh: [0.5, 0.6, -0.7, 0.8], units: 2, ...options }),
    lstm: (options: object) => lstmSequence({ xs, ...wide(4), units: 2, ...options }),
    gru: (options: object) => gruSequence({ xs, ...wide(3), units: 2, ...options }),
  };

  it.each(Object.entries(sequences))('%s goes on from its state', (_, run) => {
    const whole = run({});
    const { hs: first, ...state } = run({ xs: xs.slice(0, 1) });
    const { hs: rest, ...end } = run({ xs: xs.slice(1), ...state });
    expect([...first, ...rest]).toEqual([...whole.hs]);
    expect({ hs: whole.hs, ...end }).toEqual(whole);
  });

  it.each(Object.entries(sequences))('%s read backwards keeps each row at its own step', (_, run) => {
    const { hs: forward } = run({ xs: xs.toReversed() });
    const { hs: backward, h } = run({ reverse: true });
    const rows = [0, 1, 2, 3].map((t) => forward.slice(2 * t, 2 * t + 2));
    expect([...backward]).toEqual(rows.toReversed().flatMap((row) => [...row]));
    expect(h).toEqual(rows.at(-1));
  });
});

/** Distinct weights of `gates` gates with 2 units and 1 input. */
function wide(gates: number): { weightIh: number[]; weightHh: number[]; biasIh: number[]; biasHh: number[] } {
  const wave = (length: number, phase: number): number[] =>
    Array.from({ length }, (_, k) => Math.sin(k * 1.7 + phase));
  return {
    weightIh: wave(gates * 2, 0),
    weightHh: wave(gates * 4, 1),
    biasIh: wave(gates * 2, 2),
    biasHh: wave(gates * 2, 3),
  };
}
