import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkInput } from '../../src/network/input.ts';
import type { Precision } from '../../src/kernel/precision.ts';
import type { Runner } from '../../src/network/runner.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import { cellVariants } from './cell-variants.ts';
import {
  bits,
  features,
  ids,
  network,
  randomSequence,
  randomWeights,
  runAlone,
  createTestRunner,
  runPacked,
  tick,
  type Sequence,
} from './random-network.ts';

// Invariant 1 of the design: a sequence's outputs are the same bits alone, batched with any others, cut into chunks or
// restored from a saved state, on either kernel path.

interface Case {
  readonly input: NetworkInput;
  readonly spec: NetworkSpec;
  readonly precision?: Precision;
}

/** Every case again with quantised weights, in the two precisions by turns. */
const andQuantised = (cases: Readonly<Record<string, Case>>): [string, Case][] => [
  ...Object.entries(cases),
  ...Object.entries(cases).map(([name, one], i): [string, Case] => {
    const precision = i % 2 === 0 ? 'int8' : 'int16';
    return [`${name}, ${precision}`, { ...one, precision }];
  }),
];

const networks: Record<string, Case> = {
  'stacked lstm over characters': {
    input: ids(40),
    spec: network([
      { type: 'embedding', vocabulary: 40, units: 9 },
      { type: 'recurrent', cell: 'lstm', units: 33, layers: 2 },
      { type: 'pool', mode: 'mean' },
      { type: 'dense', units: 7, activation: 'softmax' },
    ]),
  },
  'gru reset before over features': {
    input: features(3),
    spec: network([
      { type: 'recurrent', cell: 'gru', reset: 'before', units: 17 },
      { type: 'pool', mode: 'max' },
      { type: 'dense', units: 5, activation: 'sigmoid' },
    ]),
  },
  'gru reset after, then plain rnn': {
    input: features(20),
    spec: network([
      { type: 'recurrent', cell: 'gru', units: 64 },
      { type: 'recurrent', cell: 'rnn', units: 70 },
      { type: 'dense', units: 18 },
    ]),
  },
  'convolutions that look back, and an lstm': {
    input: features(3),
    spec: network([
      { type: 'conv1d', name: 'near', units: 9, kernel: 3, activation: 'relu' },
      { type: 'conv1d', name: 'far', units: 17, kernel: 2, dilation: 11, activation: 'tanh' },
      { type: 'conv1d', name: 'gate', units: 6, kernel: 1, activation: 'sigmoid' },
      { type: 'recurrent', name: 'cells', cell: 'lstm', units: 6, inputs: ['far'] },
      { type: 'multiply', inputs: ['gate', 'cells'] },
    ]),
  },
  'attention over what a gru has seen': {
    input: ids(30),
    spec: network([
      { type: 'embedding', name: 'words', vocabulary: 30, units: 7 },
      { type: 'recurrent', name: 'cells', cell: 'gru', units: 12 },
      { type: 'concat', name: 'all', inputs: ['words', 'cells'] },
      { type: 'pool', mode: 'attention' },
      { type: 'dense', units: 5, activation: 'softmax' },
    ]),
  },
  'relu rnn': {
    input: features(1),
    spec: network([{ type: 'recurrent', cell: 'rnn', activation: 'relu', units: 5 }]),
  },
};

Object.entries(cellVariants).forEach(([name, cell], i) => {
  const layers = (1 + (i % 2)) as 1 | 2;
  networks[`${name}, ${layers} high`] = {
    input: features(4),
    spec: network([
      { type: 'recurrent', ...cell, units: [17, 33, 5, 64][i % 4]!, layers },
      { type: 'dense', units: 3 },
    ]),
  };
});

/** Runs every sequence in ticks of the given sizes, joining at its own tick, leaving when it ends. */
function runInCompany(
  runner: Runner,
  sequences: readonly Sequence[],
  joinAt: readonly number[],
  chunks: readonly number[],
) {
  const width = Math.max(1, runner.inputWidth);
  const lengths = sequences.map((sequence) => sequence.length / width);
  const outputs: Float32Array[][] = sequences.map(() => []);
  const rows: number[] = [];
  for (let turn = 0; outputs.some((rowOutputs, i) => rowOutputs.length < lengths[i]!); turn++) {
    sequences.forEach((_, i) => {
      if (joinAt[i] === turn && lengths[i]! > 0) {
        runner.join();
        rows.push(i);
      }
    });
    const left = (i: number): number =>
      Math.min(chunks[(turn + i) % chunks.length]!, lengths[i]! - outputs[i]!.length);
    for (let a = 0; a < rows.length; a++)
      for (let b = a + 1; b < rows.length; b++)
        if (left(rows[b]!) > left(rows[a]!)) {
          runner.swap(a, b);
          [rows[a], rows[b]] = [rows[b]!, rows[a]!];
        }
    if (rows.length > 0) {
      const results = tick(
        runner,
        rows.map((i) => sequences[i]!),
        rows.map((i) => outputs[i]!.length),
        rows.map(left),
      );
      results.forEach((result, row) => outputs[rows[row]!]!.push(...result));
    }
    for (let row = rows.length - 1; row >= 0; row--)
      if (outputs[rows[row]!]!.length === lengths[rows[row]!]) {
        runner.leave(row);
        rows[row] = rows.at(-1)!;
        rows.pop();
      }
  }
  return outputs;
}

describe.each(andQuantised(networks))('%s', (_, { spec, input, precision = 'float32' }) => {
  const weights = randomWeights(spec, input);
  const runner = createTestRunner(spec, weights, { precision });
  const plain = createTestRunner(spec, weights, { mode: 'plain', precision });

  it('gives the same bits in any batch and any chunks, on both paths', () => {
    const sequence = fc.record({
      steps: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(1000),
      joinAt: fc.nat(6),
    });
    const chunk = fc.integer({ min: 1, max: 15 });
    fc.assert(
      fc.property(
        fc.array(sequence, { minLength: 1, maxLength: 33 }),
        fc.array(chunk, { minLength: 1, maxLength: 5 }),
        (sequencePlans, chunks) => {
          const sequences = sequencePlans.map(({ steps, seed }) => randomSequence(input, steps, seed));
          const joinAt = sequencePlans.map((one) => one.joinAt);
          const together = runInCompany(runner, sequences, joinAt, chunks);
          const onPlain = runInCompany(plain, sequences, joinAt, [3]);
          sequences.forEach((one, i) => {
            const alone = bits(runAlone(runner, one));
            expect(bits(together[i]!)).toEqual(alone);
            expect(bits(onPlain[i]!)).toEqual(alone);
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('gives the same bits after its state was saved and restored in another row', () => {
    const sequence = randomSequence(input, 30, 3);
    const whole = runAlone(runner, sequence);
    runner.join();
    const [first] = tick(runner, [sequence], [0], [13]);
    const state = runner.saveState(0);
    runner.leave(0);
    const other = randomSequence(input, 30, 4);
    runner.join();
    runner.join(state);
    const [, second] = tick(runner, [other, sequence], [0, 13], [17, 17]);
    runner.leave(1);
    runner.leave(0);
    expect(bits([...first!, ...second!])).toEqual(bits(whole));
  });
});

const bothWays: Record<string, Case> = {
  'gru tagger': {
    input: ids(20),
    spec: network([
      { type: 'embedding', vocabulary: 20, units: 8 },
      { type: 'recurrent', cell: 'gru', units: 21, bidirectional: true, layers: 2 },
      { type: 'dense', units: 4, activation: 'softmax' },
    ]),
  },
  'with log-probabilities': {
    input: features(3),
    spec: network([
      { type: 'recurrent', cell: 'lstm', units: 9, bidirectional: true },
      { type: 'dense', units: 19, activation: 'log_softmax' },
    ]),
  },
};
for (const [name, cell] of Object.entries(cellVariants))
  bothWays[name] = {
    input: features(3),
    spec: network([{ type: 'recurrent', ...cell, units: 19, bidirectional: true, layers: 2 }]),
  };

describe.each(andQuantised(bothWays))('a bidirectional network: %s', (_, one) => {
  it('gives the same bits alone and packed with others of any length, on both paths', () => {
    const { spec, input, precision = 'float32' } = one;
    const weights = randomWeights(spec, input);
    const runner = createTestRunner(spec, weights, { precision });
    const plain = createTestRunner(spec, weights, { mode: 'plain', precision });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 33 }), (lengths) => {
        const steps = lengths.toSorted((a, b) => b - a);
        const sequences = steps.map((length, i) => randomSequence(input, length, i));
        const together = runPacked(runner, sequences, steps);
        sequences.forEach((sequence, i) => {
          const alone = bits(runAlone(plain, sequence));
          expect(bits(together[i]!)).toEqual(alone);
          expect(bits(runAlone(runner, sequence))).toEqual(alone);
        });
      }),
      { numRuns: 15 },
    );
    runner.release();
    plain.release();
  });
});
