import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/formats/keras/keras-config.ts';
import { kerasToNetwork } from '../../../src/formats/keras/keras-to-network.ts';
import { toOperatorNetwork } from './to-operator-network.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import type { OperatorGraphSpec } from '../../../src/network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../../src/network/weights.ts';
import {
  bits,
  createTestRunner,
  randomNumbers,
  runAlone,
  runPacked,
  tick,
} from '../../network/random-network.ts';
import { runLayer, type CellKind, type CellWeights, type Rows } from '../../reference/reference-keras.ts';
import { connectLayers, type GivenLayer } from './connect-layers.ts';

// Masks, beside a reference of Keras' own semantics.

const random = randomNumbers(11);
const matrix = (rows: number, columns: number): number[][] =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(random())));
const toTensor = (values: Rows | readonly number[]): Tensor => {
  const isMatrix = Array.isArray(values[0]);
  return {
    shape: isMatrix ? [values.length, (values as Rows)[0]!.length] : [values.length],
    values: Float32Array.from(values.flat()),
  };
};
const gates = { LSTM: 4, GRU: 3, SimpleRNN: 1 } as const;
const units = 3;
function createCell(kind: CellKind, width: number, resetAfter = false): CellWeights {
  const columns = gates[kind] * units;
  return {
    kernel: matrix(width, columns),
    recurrent: matrix(units, columns),
    bias: resetAfter ? matrix(2, columns) : matrix(1, columns)[0]!,
  };
}
const toWeights = ({ kernel, recurrent, bias }: CellWeights): Tensor[] => [
  toTensor(kernel),
  toTensor(recurrent),
  toTensor(bias),
];
const sigmoid = { units, recurrent_activation: 'sigmoid' };

/** Runs rows of numbers, or ids, through layers as operators. @returns all rows of the output */
function run(
  layers: readonly GivenLayer[],
  input: Rows | readonly number[],
  options: { version?: string; tfjs?: boolean } = {},
): number[][] {
  const ids = typeof input[0] === 'number';
  const shape = ids ? [null, null] : [null, null, (input as Rows)[0]!.length];
  const model = connectLayers(
    [{ className: 'InputLayer', name: 'x', config: { batch_shape: shape } }, ...layers],
    options,
  );
  const { network, weights } = toOperatorNetwork(model);
  const [program] = network.layers as [OperatorGraphSpec];
  const { output } = referenceNetwork(
    network,
    weights,
    ids ? (input as number[]) : (input as Rows).map((row) => Float64Array.from(row)),
  );
  return program.output.gives === 'step' ? output.map((row) => [...row]) : [[...output.at(-1)!]];
}
function expectClose(got: Rows, want: Rows): void {
  expect(got.map((row) => row.length)).toEqual(want.map((row) => row.length));
  // NaN is what Keras' mean of nothing gives
  const difference = (a: number, b: number): number => (Object.is(a, b) ? 0 : Math.abs(a - b));
  got.forEach((row, t) =>
    row.forEach((value, k) => expect(difference(value, want[t]![k]!)).toBeLessThan(1e-10)),
  );
}

const steps = 6;
const masks: Readonly<Record<string, readonly boolean[]>> = {
  before: [false, false, true, true, true, true],
  behind: [true, true, true, true, false, false],
  inside: [true, false, true, false, false, true],
  'on all sides': [false, true, false, true, true, false],
  nowhere: Array<boolean>(steps).fill(true),
  everywhere: Array<boolean>(steps).fill(false),
};
const padding = [-1, -1];
const rowsFor = (mask: readonly boolean[]): number[][] =>
  mask.map((kept) => (kept ? matrix(1, 2)[0]! : padding));
const masking: GivenLayer = { className: 'Masking', config: { mask_value: -1 } };

describe.each(Object.entries(masks))('with padding %s', (_where, mask) => {
  const x = rowsFor(mask);

  it.each<[string, CellKind, Config, boolean]>([
    ['LSTM', 'LSTM', {}, false],
    ['GRU', 'GRU', { reset_after: false }, false],
    ['GRU with reset_after', 'GRU', { reset_after: true }, true],
    ['SimpleRNN', 'SimpleRNN', {}, false],
  ])('%s keeps its state at masked steps and repeats its row', (_, kind, config, after) => {
    const cell = createCell(kind, 2, after);
    const layer = (more: Config): GivenLayer => ({
      className: kind,
      config: { ...sigmoid, ...config, ...more },
      weights: toWeights(cell),
    });
    const expected = runLayer(kind, cell, x, { mask });
    expectClose(run([masking, layer({ return_sequences: true })], x), expected.rows);
    expectClose(run([masking, layer({})], x), [expected.last]);
    const zeroed = runLayer(kind, cell, x, { mask, zeroOutputForMask: true });
    expectClose(
      run([masking, layer({ return_sequences: true, zero_output_for_mask: true })], x),
      zeroed.rows,
    );
    const backward = runLayer(kind, cell, x, { mask, goBackwards: true });
    expectClose(run([masking, layer({ go_backwards: true })], x), [backward.last]);
    // Keras returns them in the order of computation
    expectClose(
      run([masking, layer({ go_backwards: true, return_sequences: true })], x),
      backward.rows.toReversed(),
    );
  });

  it.each([
    ['Keras 3', '3.8.0', true],
    ['Keras in TensorFlow 2', '2.15.0', true],
    ['Keras 2.3', '2.3.1', false],
  ])(
    'Bidirectional of %s reads the steps that are not masked in both orders',
    (_, version, zeroOutputForMask) => {
      const [forward, backward] = [createCell('LSTM', 2), createCell('LSTM', 2)];
      const both = (config: Config): GivenLayer => ({
        className: 'Bidirectional',
        config: { layer: { class_name: 'LSTM', config: { ...sigmoid, ...config } } },
        weights: [...toWeights(forward), ...toWeights(backward)],
      });
      const there = runLayer('LSTM', forward, x, { mask, zeroOutputForMask });
      const back = runLayer('LSTM', backward, x, { mask, zeroOutputForMask, goBackwards: true });
      expectClose(
        run([masking, both({ return_sequences: true })], x, { version }),
        there.rows.map((row, t) => [...row, ...back.rows[t]!]),
      );
      const [one, other] = [false, true].map((goBackwards) =>
        runLayer('LSTM', goBackwards ? backward : forward, x, { mask, goBackwards }),
      );
      expectClose(run([masking, both({})], x, { version }), [[...one!.last, ...other!.last]]);
    },
  );

  it('passes the mask through layers on to the next ones', () => {
    const [first, second] = [createCell('LSTM', 2), createCell('GRU', units)];
    const dense = [matrix(units, units), matrix(1, units)[0]!] as const;
    const layers: GivenLayer[] = [
      masking,
      { className: 'LSTM', config: { ...sigmoid, return_sequences: true }, weights: toWeights(first) },
      { className: 'Dropout' },
      {
        className: 'TimeDistributed',
        config: { layer: { class_name: 'Dense', config: { activation: 'tanh' } } },
        weights: dense.map(toTensor),
      },
      { className: 'GRU', config: sigmoid, weights: toWeights(second) },
    ];
    const { rows } = runLayer('LSTM', first, x, { mask });
    const between = rows.map((row) =>
      dense[1].map((bias, k) =>
        Math.tanh(row.reduce((sum, value, i) => sum + value * dense[0][i]![k]!, bias)),
      ),
    );
    expectClose(run(layers, x), [runLayer('GRU', second, between, { mask }).last]);
  });

  it('runs stacked cells as layers over the steps that are not masked', () => {
    const [first, second] = [createCell('LSTM', 2), createCell('GRU', units)];
    const rnn: GivenLayer = {
      className: 'RNN',
      config: {
        return_sequences: true,
        cell: {
          class_name: 'StackedRNNCells',
          config: {
            cells: [
              { class_name: 'LSTMCell', config: sigmoid },
              { class_name: 'GRUCell', config: { ...sigmoid, reset_after: false } },
            ],
          },
        },
      },
      weights: [...toWeights(first), ...toWeights(second)],
    };
    const between = runLayer('LSTM', first, x, { mask }).rows;
    expectClose(run([masking, rnn], x), runLayer('GRU', second, between, { mask }).rows);
  });

  it('GlobalAveragePooling1D is over the steps that are not masked, GlobalMaxPooling1D over all', () => {
    const kept = x.filter((_, t) => mask[t]);
    const mean = [0, 1].map((k) => kept.reduce((sum, row) => sum + row[k]!, 0) / kept.length);
    expectClose(run([masking, { className: 'GlobalAveragePooling1D' }], x), [mean]);
    const zeroed = x.map((row, t) => (mask[t] ? row : [0, 0]));
    const most = [0, 1].map((k) => Math.max(...zeroed.map((row) => row[k]!)));
    expectClose(run([masking, { className: 'GlobalMaxPooling1D' }], x), [most]);
  });

  it('mask_zero masks the id 0', () => {
    const table = matrix(5, 2);
    const ids = mask.map((kept, t) => (kept ? 1 + (t % 4) : 0));
    const cell = createCell('GRU', 2, true);
    const embedding = (config: Config): GivenLayer => ({
      className: 'Embedding',
      config,
      weights: [toTensor(table)],
    });
    const gru: GivenLayer = {
      className: 'GRU',
      config: { ...sigmoid, reset_after: true },
      weights: toWeights(cell),
    };
    const rows = ids.map((id) => table[id]!);
    expectClose(run([embedding({ mask_zero: true }), gru], ids), [
      runLayer('GRU', cell, rows, { mask }).last,
    ]);
    expectClose(run([embedding({}), gru], ids), [runLayer('GRU', cell, rows).last]);
  });

  it('Concatenate and Add mask a step that is masked in any input in Keras 2, in all inputs in Keras 3', () => {
    const other = mask.map((_, t) => t !== 2);
    const second = rowsFor(other);
    // the inputs are four columns, of which each branch has two
    const wide = x.map((row, t) => [...row, ...second[t]!]);
    const pick = (from: number): GivenLayer => ({
      className: 'Dense',
      name: `pick${from}`,
      inputs: ['x'],
      config: { use_bias: false },
      weights: [toTensor([0, 1, 2, 3].map((row) => [Number(row === from), Number(row === from + 1)]))],
    });
    const branches = (merge: string): GivenLayer[] => [
      pick(0),
      { ...masking, name: 'one', inputs: ['pick0'] },
      pick(2),
      { ...masking, name: 'other', inputs: ['pick2'] },
      { className: merge, name: 'merged', inputs: ['one', 'other'] },
    ];
    const zeroed = (rows: Rows, by: readonly boolean[]): Rows => rows.map((row, t) => (by[t] ? row : [0, 0]));
    const [a, b] = [zeroed(x, mask), zeroed(second, other)];
    const any = mask.map((kept, t) => kept && other[t]!);
    const all = mask.map((kept, t) => kept || other[t]!);
    const joined = createCell('LSTM', 4);
    const summed = createCell('LSTM', 2);
    const lstm = (cell: CellWeights): GivenLayer => ({
      className: 'LSTM',
      config: { ...sigmoid, return_sequences: true },
      weights: toWeights(cell),
    });
    const sum = a.map((row, t) => row.map((value, k) => value + b[t]![k]!));
    for (const [version, merged] of [
      ['2.15.0', any],
      ['3.8.0', all],
    ] as const) {
      expectClose(
        run([...branches('Concatenate'), lstm(joined)], wide, { version }),
        runLayer(
          'LSTM',
          joined,
          a.map((row, t) => [...row, ...b[t]!]),
          { mask: merged },
        ).rows,
      );
      expectClose(
        run([...branches('Add'), lstm(summed)], wide, { version }),
        runLayer('LSTM', summed, sum, { mask: merged }).rows,
      );
    }
  });
});

describe('a mask', () => {
  it.each(['behind', 'everywhere'])('%s passes on the last state, or the initial one', (where) => {
    const mask = masks[where]!;
    const x = rowsFor(mask);
    const [reader, writer] = [createCell('LSTM', 2), createCell('LSTM', 2)];
    const layers: GivenLayer[] = [
      masking,
      {
        className: 'LSTM',
        name: 'reader',
        config: { ...sigmoid, return_state: true },
        weights: toWeights(reader),
      },
      {
        className: 'LSTM',
        config: { ...sigmoid, return_sequences: true },
        weights: toWeights(writer),
        inputs: [
          'l1',
          { layer: 'reader', tensor: 1 },
          { layer: 'reader', tensor: 2, argument: 'initial_state' },
        ],
      },
    ];
    const { state } = runLayer('LSTM', reader, x, { mask });
    expectClose(run(layers, x), runLayer('LSTM', writer, x, { mask, initial: state }).rows);
  });

  it('is dropped by a layer that does not support it', () => {
    const cell = createCell('SimpleRNN', 2);
    const x = rowsFor(masks['inside']!);
    const layers: GivenLayer[] = [
      masking,
      { className: 'Permute', config: { dims: [1, 2] } },
      { className: 'SimpleRNN', config: { units }, weights: toWeights(cell) },
    ];
    const zeroed = x.map((row, t) => (masks['inside']![t] ? row : [0, 0]));
    expectClose(run(layers, x), [runLayer('SimpleRNN', cell, zeroed).last]);
  });

  const cell = createCell('LSTM', 2);
  const lstm = (config: Config = {}): GivenLayer => ({
    className: 'LSTM',
    config: { ...sigmoid, ...config },
    weights: toWeights(cell),
  });
  const numbers: GivenLayer = { className: 'InputLayer', config: { batch_shape: [null, null, 2] } };
  const getTypes = (layers: readonly GivenLayer[]): string[] =>
    kerasToNetwork(connectLayers([numbers, ...layers])).network.layers.map(({ type }) => type);

  it('of every layer up to one row is left to the input: its steps are left out', () => {
    const { network, weights, padding } = kerasToNetwork(connectLayers([numbers, masking, lstm()]));
    expect(network.layers.map(({ type }) => type)).toEqual(['recurrent', 'pool']);
    expect(padding).toBe(-1);
    for (const [where, mask] of Object.entries(masks)) {
      if (where === 'everywhere') continue;
      const x = rowsFor(mask);
      const kept = x.filter((_, t) => mask[t]).map((row) => Float64Array.from(row));
      const { output } = referenceNetwork(network, weights, kept);
      expectClose([[...output.at(-1)!]], [runLayer('LSTM', cell, x, { mask }).last]);
    }
  });

  it.each<[string, readonly GivenLayer[]]>([
    ['all rows are the output', [masking, lstm({ return_sequences: true })]],
    [
      'a maximum is over all rows',
      [masking, lstm({ return_sequences: true }), { className: 'GlobalMaxPooling1D' }],
    ],
    ['the row of a masked step is zeros', [masking, lstm({ zero_output_for_mask: true })]],
    [
      'a branch has no mask',
      [
        { ...masking, name: 'masked' },
        { ...lstm(), name: 'one' },
        { ...lstm(), name: 'other', inputs: ['l0'] },
        { className: 'Add', inputs: ['one', 'other'] },
      ],
    ],
    ['there are two masks', [masking, { className: 'Masking', config: { mask_value: 0 } }, lstm()]],
  ])('keeps a model from being layers where %s', (_, layers) => {
    expect(getTypes(layers)).toEqual(['operator_graph']);
  });

  it.each(['int32', 'float32'])('of %s ids among the layers of Keras 3 is the input’s own', (dtype) => {
    const notEqual = {
      className: 'NotEqual',
      name: 'not_equal',
      inputs: ['ids'],
      options: { args: [null, 0] },
    };
    const model = connectLayers(
      [
        { className: 'InputLayer', name: 'ids', config: { batch_shape: [null, null], dtype } },
        {
          className: 'Embedding',
          name: 'words',
          config: { mask_zero: true },
          weights: [toTensor(matrix(5, 2))],
        },
        notEqual,
        { ...lstm(), inputs: ['words', { layer: 'not_equal', tensor: 0, argument: 'mask' }] },
      ],
      { version: '3.8.0' },
    );
    const { network, padding } = kerasToNetwork(model);
    expect(network.layers.map(({ type }) => type)).toEqual(['embedding', 'recurrent', 'pool']);
    expect(padding).toBe(0);
  });

  it('that differs from the input’s own replaces it', () => {
    const x = [
      [1, 2],
      [7, 1],
      [7, 7],
      [3, 4],
    ];
    const any = (value: number): GivenLayer[] => [
      { className: 'NotEqual', name: 'differs', inputs: ['x'], options: { args: [null, value] } },
      { className: 'Any', name: 'mask', config: { axis: [-1], keepdims: false } },
      { ...lstm(), inputs: ['x', { layer: 'mask', tensor: 0, argument: 'mask' }] },
    ];
    const mask = [true, true, false, true];
    expectClose(run(any(7), x, { version: '3.8.0' }), [runLayer('LSTM', cell, x, { mask }).last]);
  });

  it('that nothing reads does not keep a model from being layers', () => {
    const embedding: GivenLayer = {
      className: 'Embedding',
      config: { mask_zero: true },
      weights: [toTensor(matrix(5, 2))],
    };
    const model = connectLayers([
      { className: 'InputLayer', config: { batch_shape: [null, null] } },
      embedding,
      { className: 'GlobalMaxPooling1D' },
    ]);
    expect(kerasToNetwork(model).network.layers.map(({ type }) => type)).toEqual(['embedding', 'pool']);
  });
});

describe('a tagger that passes over masked steps', () => {
  const [first, second] = [createCell('LSTM', 2), createCell('GRU', units, true)];
  const dense = { kernel: matrix(units, 2), bias: matrix(1, 2)[0]! };
  const tagger = (config: Config = {}): GivenLayer[] => [
    { className: 'InputLayer', config: { batch_shape: [null, null, 2] } },
    masking,
    {
      className: 'LSTM',
      config: { ...sigmoid, return_sequences: true, ...config },
      weights: toWeights(first),
    },
    { className: 'Dropout' },
    {
      className: 'GRU',
      config: { ...sigmoid, reset_after: true, return_sequences: true },
      weights: toWeights(second),
    },
    { className: 'Dense', weights: [toTensor(dense.kernel), toTensor(dense.bias)] },
  ];
  const getRuns = (layers: readonly GivenLayer[]): string =>
    (kerasToNetwork(connectLayers(layers)).network.layers[0] as OperatorGraphSpec).runs;

  it.each(Object.entries(masks))('runs step by step, with padding %s, with Keras’ rows', (_, mask) => {
    for (const zeroed of [false, true]) {
      const { network, weights } = kerasToNetwork(connectLayers(tagger({ zero_output_for_mask: zeroed })));
      expect(network.layers).toMatchObject([{ type: 'operator_graph', runs: 'step' }]);
      const x = rowsFor(mask);
      const { rows } = runLayer('LSTM', first, x, { mask, zeroOutputForMask: zeroed });
      const expected = runLayer('GRU', second, rows, { mask }).rows.map((row) =>
        dense.bias.map((bias, k) => row.reduce((sum, value, i) => sum + value * dense.kernel[i]![k]!, bias)),
      );
      const { output } = referenceNetwork(
        network,
        weights,
        x.map((row) => Float64Array.from(row)),
      );
      expectClose(
        output.map((row) => [...row]),
        expected,
      );
    }
  });

  it('gives the same bits step by step, in chunks, beside others and whole', () => {
    const { network, weights } = kerasToNetwork(connectLayers(tagger()));
    const runner = createTestRunner(network, weights);
    const sequences = Object.values(masks).map((mask) => Float32Array.from(rowsFor(mask).flat()));
    const whole = sequences.map((sequence) => bits(runAlone(runner, sequence)));
    const together = runPacked(
      runner,
      sequences,
      sequences.map(() => steps),
    );
    expect(together.map(bits)).toEqual(whole);
    for (const chunks of [Array<number>(steps).fill(1), [4, 2]]) {
      const rows = sequences.map((sequence) => {
        runner.join();
        let from = 0;
        const parts = chunks.flatMap((count) => {
          const [part] = tick(runner, [sequence], [from], [count]);
          from += count;
          return part!;
        });
        runner.leave(0);
        return bits(parts);
      });
      expect(rows).toEqual(whole);
    }
    runner.release();
  });

  it('of ids runs step by step, too', () => {
    const table = matrix(5, 2);
    const layers: GivenLayer[] = [
      { className: 'InputLayer', config: { batch_shape: [null, null] } },
      { className: 'Embedding', config: { mask_zero: true }, weights: [toTensor(table)] },
      { className: 'LSTM', config: { ...sigmoid, return_sequences: true }, weights: toWeights(first) },
    ];
    const { network, weights } = kerasToNetwork(connectLayers(layers));
    expect(network.layers).toMatchObject([{ runs: 'step' }]);
    const ids = [0, 3, 0, 0, 1, 0];
    const { output } = referenceNetwork(network, weights, ids);
    const rows = ids.map((id) => table[id]!);
    expectClose(
      output.map((row) => [...row]),
      runLayer('LSTM', first, rows, { mask: ids.map((id) => id !== 0) }).rows,
    );
  });

  it.each<[string, readonly GivenLayer[]]>([
    [
      'a later layer reads ahead',
      [
        ...tagger(),
        {
          className: 'Conv1D',
          config: { filters: 2, kernel_size: 3, padding: 'same' },
          weights: [{ shape: [3, 2, 2], values: new Float32Array(12).fill(1) }, toTensor([0, 0])],
        },
      ],
    ],
    ['it reads backwards', tagger({ go_backwards: true })],
  ])('runs over whole sequences where %s', (_, layers) => {
    expect(getRuns(layers)).toBe('sequence');
  });
});
