import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { referenceNetwork } from '../../src/network/reference-network.ts';
import { resolveGraph } from '../../src/network/graph.ts';
import { networkSpec } from '../../src/network/spec.ts';
import { lookup, operatorGraphs, windows } from './operator-graphs.ts';
import {
  bits,
  asRows,
  features,
  randomSequence,
  randomWeights,
  runAlone,
  createTestRunner,
  runPacked,
  tick,
} from './random-network.ts';

describe.each(Object.entries(operatorGraphs))('%s', (_, { spec, input }) => {
  const weights = randomWeights(spec, input);
  const width = input.kind === 'features' ? input.width : 0;

  it.each([1, 2, 3, 17, 97])('agrees with float64 to 1e-5 over %i steps', (steps) => {
    const sequence = randomSequence(input, steps, steps);
    const { output } = referenceNetwork(spec, weights, asRows(sequence, width));
    const runner = createTestRunner(spec, weights);
    const emitted = runAlone(runner, sequence);
    runner.release();
    const last = output.at(-1)!;
    last.forEach((value, k) => expect(Math.abs(emitted.at(-1)![k]! - value)).toBeLessThan(1e-5));
    expect(Math.max(...last.map(Math.abs))).toBeGreaterThan(0.01);
  });

  it('gives the same bits alone and with others, on both paths', () => {
    const [runner, plain] = [
      createTestRunner(spec, weights),
      createTestRunner(spec, weights, { mode: 'plain' }),
    ];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }), (lengths) => {
        const steps = lengths.toSorted((a, b) => b - a);
        const sequences = steps.map((length, i) => randomSequence(input, length, i));
        const together = runPacked(runner, sequences, steps);
        sequences.forEach((sequence, i) => {
          expect(bits(together[i]!)).toEqual(bits(runAlone(runner, sequence)));
          expect(bits(together[i]!)).toEqual(bits(runAlone(plain, sequence)));
        });
      }),
      { numRuns: 12 },
    );
    runner.release();
    plain.release();
  });
});

it('an operator graph of a step continues from a saved state with the same bits', () => {
  const { spec, input } = operatorGraphs['an operator graph of a step, with states and context']!;
  const runner = createTestRunner(spec, randomWeights(spec, input));
  // two states of 6, and the 4 numbers before
  expect(runner.stateLength).toBe(16);
  const sequence = randomSequence(input, 20, 3);
  const whole = runAlone(runner, sequence);
  runner.join();
  const [first] = tick(runner, [sequence], [0], [7]);
  const state = runner.saveState(0);
  runner.leave(0);
  const other = randomSequence(input, 20, 4);
  runner.join();
  runner.join(state);
  const [, second] = tick(runner, [other, sequence], [0, 7], [13, 13]);
  expect(bits([...first!, ...second!])).toEqual(bits(whole));
  runner.release();
});

it('an operator graph fails only the sequence that it cannot compute', () => {
  const runner = createTestRunner(windows, randomWeights(windows, features(1)));
  const [long, short] = [randomSequence(features(1), 9, 1), randomSequence(features(1), 3, 2)];
  runner.join();
  runner.join();
  const [answer, none] = tick(runner, [long, short], [0, 0], [9, 3]);
  expect(none!.at(-1)).toEqual(Float32Array.of(NaN));
  while (runner.rows > 0) runner.leave(runner.rows - 1);
  expect(bits(answer!)).toEqual(bits(runAlone(runner, long)));
  runner.release();
});

it('a step fails only the sequence that it cannot compute', () => {
  const runner = createTestRunner(lookup, randomWeights(lookup, features(1)));
  const sequences = [
    [0, 1, 2, 1],
    [2, 9, 1, 0],
    [1, 1, 0, 2],
  ].map((rows) => Float32Array.from(rows));
  const [first, none, last] = runPacked(runner, sequences, [4, 4, 4]);
  expect(none!.slice(1).every((row) => row.every(Number.isNaN))).toBe(true);
  expect(bits(first!)).toEqual(bits(runAlone(runner, sequences[0]!)));
  expect(bits(last!)).toEqual(bits(runAlone(runner, sequences[2]!)));
  runner.release();
});

const step = (operators: object[], more: object = {}): object => ({
  layers: [
    {
      type: 'operator_graph',
      name: 'p',
      runs: 'step',
      input: { value: 'x', shape: [1, 3] },
      output: { value: 'y', gives: 'step' },
      units: 3,
      operators,
      ...more,
    },
  ],
});
const tanh = { operator: 'Tanh', inputs: ['x'], outputs: ['y'] };

describe('the type program, the old name of operator_graph', () => {
  const { layers } = windows;
  const rename = (type: string, name?: string): object => {
    const { name: _, ...layer } = layers[0]!;
    return { ...layer, type, ...(name !== undefined && { name }) };
  };
  const parse = (layer: object) => networkSpec.parse({ layers: [layer], encoder: { layers: [layer] } });

  it('is read as operator_graph, in a decoder and in an encoder', () => {
    expect(parse(rename('program', 'p'))).toEqual(parse(rename('operator_graph', 'p')));
  });

  it('keeps the names of tensors: those of a layer without a name begin with the old type', () => {
    const names = (layer: object) =>
      resolveGraph(parse(layer), features(1)).nodes.flatMap(({ shapes }) => shapes.map(([name]) => name));
    expect(names(rename('program'))).toEqual(['program_0.kernel']);
    expect(names(rename('operator_graph'))).toEqual(['operator_graph_0.kernel']);
  });

  it('hides no other error', () => {
    for (const given of [null, 'program', { type: 'programs' }])
      expect(networkSpec.safeParse({ layers: [given] }).error?.issues[0]?.path.slice(0, 2)).toEqual([
        'layers',
        0,
      ]);
    expect(networkSpec.safeParse({ layers: { type: 'program' } }).success).toBe(false);
  });
});

describe('an operator graph is refused', () => {
  const load = (spec: object): void => {
    const parsed = networkSpec.safeParse(spec);
    if (!parsed.success) throw new UnrollError('invalid_model', parsed.error.message);
    createTestRunner(parsed.data, new Map()).release();
  };
  it('unless it is valid', () => expect(() => load(step([tanh]))).not.toThrow());
  it.each([
    ['with an unknown operator', step([{ ...tanh, operator: 'eval' }]), 'this operator is not supported'],
    [
      'that reads an undefined value',
      step([{ ...tanh, inputs: ['z'] }]),
      'its input "z" is not defined before it',
    ],
    [
      'whose operators form a cycle',
      step([{ ...tanh, inputs: ['b'], outputs: ['a'] }, { ...tanh, inputs: ['a'], outputs: ['b'] }, tanh]),
      'its input "b" is not defined before it',
    ],
    ['whose output has another size than declared', step([tanh], { units: 4 }), 'must have 4 elements'],
    [
      'of a graph named like an object’s own part',
      step([{ ...tanh, operator: 'constructor' }]),
      'this operator is not supported',
    ],
    [
      'whose output does not divide into its rows',
      step([tanh], { output: { value: 'y', gives: 'sequence', rows: 2 } }),
      '3 numbers in 2 rows',
    ],
    [
      'with rows at every step',
      step([tanh], { output: { value: 'y', gives: 'step', rows: 3 } }),
      'a step answers with one row',
    ],
    ['that defines a value twice', step([tanh, tanh]), 'is defined twice'],
    [
      'that makes more than it may',
      step([{ operator: 'ConstantOfShape', inputs: ['huge'], outputs: ['h'] }, tanh], {
        wholeConstants: { huge: { kind: 'int', shape: [2], values: [100_000, 100_000] } },
      }),
      'more than',
    ],
    [
      'whose loop would never end',
      step([
        {
          operator: 'Loop',
          inputs: ['', '', 'x'],
          outputs: ['z'],
          bodies: {
            body: {
              inputs: ['i', 'go', 'a'],
              outputs: ['go', 'b'],
              operators: [{ ...tanh, inputs: ['a'], outputs: ['b'] }],
            },
          },
        },
        tanh,
      ]),
      'never ends',
    ],
  ])('%s', (_, spec, why) => expect(() => load(spec)).toThrow(why));
});
