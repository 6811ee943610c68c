import { describe, expect, it } from 'vitest';
import { referenceNetwork } from '../../src/network/reference-network.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import type { NetworkInput } from '../../src/network/input.ts';
import type { Weights } from '../../src/network/weights.ts';
import { cellVariants } from './cell-variants.ts';
import {
  asRows,
  features,
  ids,
  network,
  randomSequence,
  randomWeights,
  runAlone,
  createTestRunner,
  tick,
} from './random-network.ts';

/** Largest |a − b| of a sequence, relative to its largest value: a single unit passes through zero in any arithmetic. */
function relativeError(rows: readonly Float32Array[], exact: readonly Float64Array[]): number {
  const size = Math.max(1e-30, ...exact.map((row) => Math.max(...row.map(Math.abs))));
  const worst = exact.map((row, t) => Math.max(...row.map((value, k) => Math.abs(rows[t]![k]! - value))));
  return Math.max(...worst) / size;
}

/** The reference is slow: in every batch the first and the last row are the same two sequences. */
const seeds = { first: 7, last: 100 };
const exactOutputs = (
  spec: NetworkSpec,
  input: NetworkInput,
  weights: Weights,
  steps: number,
): Float64Array[][] =>
  [seeds.first, seeds.last].map((seed) => {
    const sequence = asRows(randomSequence(input, steps, seed), input.kind === 'features' ? input.width : 0);
    return [...referenceNetwork(spec, weights, sequence).output];
  });

/** Runs batches of the given sizes. @returns the worst relative error of their first and last rows */
function worstAgainstReference(
  spec: NetworkSpec,
  input: NetworkInput,
  batches: readonly number[],
  steps: number,
): number {
  const weights = randomWeights(spec, input);
  const [first, last] = exactOutputs(spec, input, weights, steps);
  const largest = Math.max(...batches);
  const runner = createTestRunner(spec, weights, { maxRows: largest, maxPacked: largest * steps });
  const errors = batches.flatMap((batch) => {
    const chooseSeed = (row: number): number =>
      row === 0 ? seeds.first : row === batch - 1 ? seeds.last : row;
    const sequences = Array.from({ length: batch }, (_, row) =>
      randomSequence(input, steps, chooseSeed(row)),
    );
    sequences.forEach(() => runner.join());
    const from = sequences.map(() => 0);
    const outputs = tick(runner, sequences, from, Array<number>(batch).fill(steps));
    while (runner.rows > 0) runner.leave(runner.rows - 1);
    const ends = batch > 1 ? [relativeError(outputs[batch - 1]!, last!)] : [];
    return [relativeError(outputs[0]!, first!), ...ends];
  });
  runner.release();
  return Math.max(...errors);
}

const cells = {
  'rnn tanh': { cell: 'rnn', activation: 'tanh' },
  'rnn relu': { cell: 'rnn', activation: 'relu' },
  lstm: { cell: 'lstm' },
  'gru reset after': { cell: 'gru', reset: 'after' },
  'gru reset before': { cell: 'gru', reset: 'before' },
} as const;

const sizes = [1, 3, 8, 17, 64, 257];

describe.each(Object.entries(cells))('%s after 200 steps', (_, cell) => {
  it.each(sizes)('agrees with float64 to 1e-5 at %i units, whatever the inputs and the batch', (units) => {
    const spec = network([{ type: 'recurrent', ...cell, units }]);
    for (const width of sizes)
      expect(worstAgainstReference(spec, features(width), [1, 2, 5, 33], 200)).toBeLessThan(1e-5);
  });
});

describe.each(Object.entries(cellVariants))('%s', (_, cell) => {
  it.each([1, 3, 17, 64])('agrees with float64 to 1e-5 at %i units over 60 steps', (units) => {
    const spec = network([{ type: 'recurrent', ...cell, units }]);
    for (const width of [1, 20])
      expect(worstAgainstReference(spec, features(width), [1, 2, 5, 33], 60)).toBeLessThan(1e-5);
  });

  it('agrees with float64 stacked, both ways', () => {
    const spec = network([{ type: 'recurrent', ...cell, units: 17, layers: 2, bidirectional: true }]);
    expect(worstAgainstReference(spec, features(5), [1, 2, 5, 33], 40)).toBeLessThan(1e-5);
  });
});

describe('whole networks agree with float64', () => {
  const many: [string, NetworkSpec, NetworkInput][] = [
    [
      'character classifier',
      network([
        { type: 'embedding', vocabulary: 50, units: 24 },
        { type: 'recurrent', cell: 'gru', units: 40 },
        { type: 'pool', mode: 'last' },
        { type: 'dense', units: 11, activation: 'softmax' },
      ]),
      ids(50),
    ],
    [
      'stack with dropout, mean pool and sigmoids',
      network([
        { type: 'recurrent', cell: 'lstm', units: 19, layers: 3 },
        { type: 'dropout', rate: 0.5 },
        { type: 'pool', mode: 'mean' },
        { type: 'dense', units: 3, activation: 'sigmoid' },
      ]),
      features(5),
    ],
    [
      'max pool and a deep head',
      network([
        { type: 'recurrent', cell: 'rnn', units: 9 },
        { type: 'pool', mode: 'max' },
        { type: 'dense', units: 7, activation: 'tanh' },
        { type: 'dense', units: 4, activation: 'relu' },
        { type: 'dense', units: 2 },
      ]),
      features(2),
    ],
    [
      'graph with skips',
      network([
        { type: 'embedding', name: 'e', vocabulary: 12, units: 10 },
        { type: 'recurrent', name: 'a', cell: 'lstm', units: 10 },
        { type: 'add', name: 'sum', inputs: ['e', 'a'] },
        { type: 'multiply', name: 'product', inputs: ['sum', 'a', 'e'] },
        { type: 'recurrent', name: 'b', cell: 'gru', reset: 'before', units: 21 },
        { type: 'concat', name: 'all', inputs: ['e', 'a', 'b'] },
        { type: 'dense', units: 5, activation: 'softmax' },
      ]),
      ids(12),
    ],
    [
      'log-probabilities',
      network([
        { type: 'recurrent', cell: 'gru', units: 9 },
        { type: 'dense', units: 45, activation: 'log_softmax' },
      ]),
      features(4),
    ],
    [
      'dense layers only',
      network([
        { type: 'dense', units: 6, activation: 'tanh' },
        { type: 'dense', units: 2 },
      ]),
      features(4),
    ],
    [
      'an embedding and a dense layer',
      network([
        { type: 'embedding', vocabulary: 9, units: 5 },
        { type: 'dense', units: 3 },
      ]),
      ids(9),
    ],
  ];
  many.push([
    'other activations backward than forward',
    network([
      {
        type: 'recurrent',
        cell: 'gru',
        units: 9,
        bidirectional: true,
        initial_state: true,
        activations: { candidate: { type: 'softplus' } },
        backward_activations: { gate: { type: 'hard_sigmoid' }, candidate: { type: 'elu' } },
      },
    ]),
    features(3),
  ]);
  for (const [merge, backwardAt] of [
    ['concat', 'step'],
    ['sum', 'step'],
    ['mul', 'step'],
    ['ave', 'step'],
    ['concat', 'first'],
    ['mul', 'first'],
  ] as const)
    many.push([
      `bidirectional tagger, ${merge}, backward at ${backwardAt}`,
      network([
        { type: 'embedding', vocabulary: 30, units: 13 },
        {
          type: 'recurrent',
          cell: 'lstm',
          units: 18,
          layers: 2,
          bidirectional: true,
          merge,
          backward_at: backwardAt,
        },
        { type: 'dense', units: 6, activation: 'softmax' },
      ]),
      ids(30),
    ]);

  it.each(many)('%s', (_, spec, input) => {
    for (const steps of [1, 2, 60])
      expect(worstAgainstReference(spec, input, [1, 5, 33], steps)).toBeLessThan(1e-5);
  });
});

describe('a runner', () => {
  const spec = network([
    { type: 'recurrent', cell: 'lstm', units: 20 },
    { type: 'dense', units: 3 },
  ]);
  const weights = randomWeights(spec, features(4));

  it('returns the state that it was given, bit for bit', () => {
    const runner = createTestRunner(spec, weights);
    const state = Float32Array.from({ length: runner.stateLength }, (_, i) => Math.sin(i));
    expect(runner.stateLength).toBe(40);
    const row = runner.join(state);
    expect(runner.saveState(row)).toEqual(state);
  });

  it('starts a sequence in its layer’s initial state, unless it is given a state', () => {
    const from = network([{ type: 'recurrent', name: 'r', cell: 'lstm', units: 3, initial_state: true }]);
    const given = new Map(randomWeights(from, features(4)));
    given.set('r.0.forward.initial_h', { shape: [3], values: Float32Array.of(1, 2, 3) });
    given.set('r.0.forward.initial_c', { shape: [3], values: Float32Array.of(4, 5, 6) });
    const runner = createTestRunner(from, given);
    expect([...runner.saveState(runner.join())]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...runner.saveState(runner.join(new Float32Array(6)))]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('moves the last row into the place of one that leaves', () => {
    const runner = createTestRunner(spec, weights);
    const states = [1, 2, 3].map((value) => new Float32Array(runner.stateLength).fill(value));
    states.forEach((state) => runner.join(state));
    runner.leave(0);
    expect(runner.rows).toBe(2);
    expect(runner.saveState(0)).toEqual(states[2]);
    expect(runner.saveState(1)).toEqual(states[1]);
  });

  it('leaves resting rows as they were', () => {
    const runner = createTestRunner(spec, weights);
    const resting = new Float32Array(runner.stateLength).fill(0.25);
    runner.join();
    runner.join(resting);
    tick(runner, [randomSequence(features(4), 9, 1)], [0], [9]);
    expect(runner.saveState(1)).toEqual(resting);
  });

  it('refuses an id outside the vocabulary', () => {
    const words = network([
      { type: 'embedding', vocabulary: 5, units: 4 },
      { type: 'recurrent', cell: 'gru', units: 4 },
    ]);
    const runner = createTestRunner(words, randomWeights(words, ids(5)));
    expect(() => runAlone(runner, Int32Array.of(1, 5))).toThrow('id 5 is not in a vocabulary of 5');
    runner.leave(0);
    expect(() => runAlone(runner, Int32Array.of(-1))).toThrow('id -1 is not in a vocabulary of 5');
  });

  it('refuses a tick that is larger than it was made for', () => {
    const runner = createTestRunner(spec, weights, { maxRows: 2, maxPacked: 10 });
    runner.join();
    expect(() => runner.plan([11])).toThrow('a tick of 1 rows and 11 steps does not fit this runner');
    expect(() => runner.plan([2, 2])).toThrow('does not fit');
  });
});
