import { describe, expect, it } from 'vitest';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import {
  asRows,
  features,
  network,
  randomSequence,
  randomWeights,
  runAlone,
  createTestRunner,
} from '../random-network.ts';

const spec = network([
  { type: 'dense', name: 'in', units: 3 },
  { type: 'pool', name: 'seen', mode: 'attention' },
]);
const identity = { shape: [3, 3], values: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) };
const weighing = (...w: number[]) =>
  new Map([
    ['in.weight', identity],
    ['in.bias', { shape: [3], values: new Float32Array(3) }],
    ['seen.weight', { shape: [3], values: Float32Array.from(w) }],
  ]);

describe('attention over the steps so far', () => {
  it('weighs them by a softmax of their scores', () => {
    const runner = createTestRunner(spec, weighing(Math.log(3), 0, 0));
    // scores 0, log 3, 0: the second step weighs three times as much
    const rows = runAlone(runner, Float32Array.of(0, 5, -1, 1, 1, -1, 0, 2, -1));
    runner.release();
    [
      [0, 5, -1],
      [0.75, 2, -1],
      [0.6, 2, -1],
    ].forEach((expected, t) => expected.forEach((value, k) => expect(rows[t]![k]).toBeCloseTo(value, 6)));
  });

  it.each([1, 3, 16, 17, 64, 257])('agrees with float64 at a width of %i', (width) => {
    const wide = network([
      { type: 'dense', name: 'in', units: width, activation: 'tanh' },
      { type: 'pool', name: 'seen', mode: 'attention' },
    ]);
    const weights = randomWeights(wide, features(4), 3);
    const sequence = randomSequence(features(4), 300, 9);
    const { output } = referenceNetwork(wide, weights, asRows(sequence, 4));
    const runner = createTestRunner(wide, weights);
    const rows = runAlone(runner, sequence);
    runner.release();
    output.forEach((row, t) =>
      row.forEach((value, k) => expect(Math.abs(rows[t]![k]! - value)).toBeLessThan(1e-5)),
    );
  });

  it('is stable for distant scores, rising, falling and below zero from the start', () => {
    for (const scores of [
      [-500, -400, 0, 300, 1000],
      [1000, 300, 0, -400, -500],
      [-200, -200, -200, -201, -200],
    ]) {
      const runner = createTestRunner(spec, weighing(1, 0, 0));
      const x = Float32Array.from(scores.flatMap((score, t) => [score, t, 1]));
      const rows = runAlone(runner, x);
      runner.release();
      const { output } = referenceNetwork(spec, weighing(1, 0, 0), asRows(x, 3));
      output.forEach((row, t) =>
        row.forEach((value, k) =>
          expect(Math.abs(rows[t]![k]! - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value))),
        ),
      );
    }
  });

  it('gives NaN from the first NaN step on, and in no other sequence', () => {
    const runner = createTestRunner(spec, weighing(1, 1, 1));
    const rows = runAlone(runner, Float32Array.of(1, 2, 3, NaN, 0, 0, 1, 2, 3));
    expect(rows.map(([value]) => Number.isNaN(value))).toEqual([false, true, true]);
    expect(runAlone(runner, Float32Array.of(1, 2, 3))[0]).toEqual(Float32Array.of(1, 2, 3));
    runner.release();
  });

  it('keeps a sum of rows, the largest score and the sum of the weights', () => {
    const runner = createTestRunner(spec, weighing(1, 0, 0));
    expect(runner.stateLength).toBe(3 + 2);
    runner.release();
  });
});
