import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/formats/keras/keras-config.ts';
import { kerasToNetwork } from '../../../src/formats/keras/keras-to-network.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import type { OperatorGraphSpec } from '../../../src/network/layers/operator-graph/schema.ts';
import type { Tensor } from '../../../src/network/weights.ts';
import { randomNumbers } from '../../network/random-network.ts';
import { connectLayers, type GivenLayer } from './connect-layers.ts';

// Keras layers as operators. Expected values are computed by hand or from the layer's definition; ../tfjs
// compares with TensorFlow.js.

const random = randomNumbers(5);
const tensor = (...shape: number[]): Tensor => ({
  shape,
  values: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => random()),
});
const of = (...values: number[]): Tensor => ({
  shape: [values.length],
  values: Float32Array.from(values),
});
type Given = GivenLayer;

/** The last layer is the output; a layer without inputs reads the one before it. */
const convert = (shape: readonly (number | null)[], layers: readonly Given[], version = '2.15.0') =>
  kerasToNetwork(
    connectLayers(
      [{ className: 'InputLayer', name: 'x', config: { batch_shape: [null, ...shape] } }, ...layers],
      { version },
    ),
  );
const layer = (className: string, config: Config = {}, ...weights: Tensor[]): Given => ({
  className,
  config,
  weights,
});
/** An unsupported layer, so that the model becomes an operator graph. */
const asOperatorGraph = layer('Permute', { dims: [1, 2] });

/** Runs rows through a model and returns rows. */
function run(layers: readonly Given[], rows: number[][], steps: number | null = null): number[][] {
  const { network, weights } = convert([steps, rows[0]!.length], layers);
  expect(network.layers.map(({ type }) => type)).toEqual(['operator_graph']);
  const [graph] = network.layers as [OperatorGraphSpec];
  const { output } = referenceNetwork(
    network,
    weights,
    rows.map((row) => Float64Array.from(row)),
  );
  if (graph.output.gives === 'step') return output.map((row) => [...row]);
  const width = graph.units / (graph.output.rows ?? 1);
  const last = output.at(-1)!;
  return Array.from({ length: last.length / width }, (_, i) =>
    Array.from(last.subarray(i * width, (i + 1) * width)),
  );
}
const pairs = [
  [1, -2],
  [3, 4],
  [-5, 6],
];

describe('a Keras layer as operators', () => {
  it.each<[string, Given, number[][]]>([
    ['ZeroPadding1D', layer('ZeroPadding1D', { padding: [1, 0] }), [[0, 0], ...pairs]],
    ['Cropping1D', layer('Cropping1D', { cropping: [1, 1] }), [[3, 4]]],
    ['Cropping1D of one end', layer('Cropping1D', { cropping: [1, 0] }), pairs.slice(1)],
    ['UpSampling1D', layer('UpSampling1D', { size: 2 }), pairs.flatMap((row) => [row, row])],
    [
      'Permute',
      layer('Permute', { dims: [2, 1] }),
      [
        [1, 3, -5],
        [-2, 4, 6],
      ],
    ],
    [
      'Reshape',
      layer('Reshape', { target_shape: [2, -1] }),
      [
        [1, -2, 3],
        [4, -5, 6],
      ],
    ],
    ['Flatten', layer('Flatten'), [[1, -2, 3, 4, -5, 6]]],
    [
      'MaxPooling1D',
      layer('MaxPooling1D', { pool_size: 2, strides: 1 }),
      [
        [3, 4],
        [3, 6],
      ],
    ],
    [
      'AveragePooling1D that leaves what is outside out',
      layer('AveragePooling1D', { pool_size: 2, padding: 'same' }),
      [
        [2, 1],
        [-5, 6],
      ],
    ],
    ['GlobalMaxPooling1D that keeps its axis', layer('GlobalMaxPooling1D', { keepdims: true }), [[3, 6]]],
    [
      'LeakyReLU',
      layer('LeakyReLU', { negative_slope: 0.5 }),
      [
        [1, -1],
        [3, 4],
        [-2.5, 6],
      ],
    ],
    [
      'ReLU up to a most',
      layer('ReLU', { max_value: 4 }),
      [
        [1, 0],
        [3, 4],
        [0, 4],
      ],
    ],
    [
      'ReLU from a threshold on',
      layer('ReLU', { threshold: 2, negative_slope: 0.5 }),
      [
        [-0.5, -2],
        [3, 4],
        [-3.5, 6],
      ],
    ],
    [
      'PReLU with a slope a column',
      layer('PReLU', {}, { ...of(0.5, 0.25), shape: [1, 2] }),
      [
        [1, -0.5],
        [3, 4],
        [-2.5, 6],
      ],
    ],
    [
      'BatchNormalization over the steps',
      layer(
        'BatchNormalization',
        { axis: [1], epsilon: 0 },
        of(1, 2, 3),
        of(0, 0, 1),
        of(1, 2, 3),
        of(1, 1, 4),
      ),
      [
        [0, -3],
        [2, 4],
        [-11, 5.5],
      ],
    ],
    [
      'LayerNormalization over steps and columns',
      layer('LayerNormalization', { axis: [1, 2], epsilon: 0, scale: false, center: false }),
      pairs.map((row) => row.map((x) => (x - 7 / 6) / Math.sqrt(91 / 6 - 49 / 36))),
    ],
    [
      'Softmax over the steps',
      layer('Softmax', { axis: 1 }),
      pairs.map((row) =>
        row.map((x, k) => Math.exp(x) / pairs.reduce((sum, other) => sum + Math.exp(other[k]!), 0)),
      ),
    ],
  ])('%s', (_, given, expected) => {
    const seen = run([asOperatorGraph, given], pairs, pairs.length);
    expect(seen).toHaveLength(expected.length);
    expected.forEach((row, t) => row.forEach((value, k) => expect(seen[t]![k]).toBeCloseTo(value, 5)));
  });

  it.each<[string, unknown, (x: number) => number, string?]>([
    ['relu6', 'relu6', (x) => Math.min(6, Math.max(0, x))],
    ['swish', 'swish', (x) => x / (1 + Math.exp(-x))],
    ['silu', 'silu', (x) => x / (1 + Math.exp(-x))],
    ['exponential', 'exponential', Math.exp],
    ['softplus', 'softplus', (x) => Math.log1p(Math.exp(x))],
    ['softsign', 'softsign', (x) => x / (1 + Math.abs(x))],
    ['elu', 'elu', (x) => (x < 0 ? Math.expm1(x) : x)],
    ['selu', 'selu', (x) => 1.05070098 * (x < 0 ? 1.67326324 * Math.expm1(x) : x)],
    ['mish', 'mish', (x) => x * Math.tanh(Math.log1p(Math.exp(x)))],
    ['hard_swish', 'hard_swish', (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6],
    ['leaky_relu', 'leaky_relu', (x) => (x < 0 ? 0.2 * x : x)],
    ['hard_sigmoid of Keras 2', 'hard_sigmoid', (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5))],
    ['hard_sigmoid of Keras 3', 'hard_sigmoid', (x) => Math.min(1, Math.max(0, x / 6 + 0.5)), '3.0.0'],
    ['a function by its name', { class_name: 'function', config: 'elu' }, (x) => (x < 0 ? Math.expm1(x) : x)],
    [
      'a layer with its numbers',
      { class_name: 'LeakyReLU', config: { alpha: 0.1 } },
      (x) => (x < 0 ? 0.1 * x : x),
    ],
  ])('Activation: %s', (_, activation, f, version) => {
    const { network, weights } = convert(
      [null, 2],
      [layer('Activation', { activation }), asOperatorGraph],
      version,
    );
    const rows = pairs.map((row) => Float64Array.from(row));
    const { output } = referenceNetwork(network, weights, rows);
    pairs.forEach((row, t) => row.forEach((x, k) => expect(output[t]![k]).toBeCloseTo(f(x), 4)));
  });

  it.each<[string, Config, number[][]]>([
    ['Subtract', {}, pairs.map(([a, b]) => [a! - 2 * a!, b! - 2 * b!])],
    ['Average', {}, pairs.map(([a, b]) => [1.5 * a!, 1.5 * b!])],
    ['Maximum', {}, pairs.map((row) => row.map((x) => Math.max(x, 2 * x)))],
    ['Minimum', {}, pairs.map((row) => row.map((x) => Math.min(x, 2 * x)))],
    ['Concatenate', { axis: 1 }, [...pairs, ...pairs.map((row) => row.map((x) => 2 * x))]],
    [
      'Dot',
      { axes: 1 },
      [
        [70, -40],
        [-40, 112],
      ],
    ],
  ])('%s with %j', (className, config, expected) => {
    const twice = { ...layer('Dense', {}, { shape: [2, 2], values: Float32Array.of(2, 0, 0, 2) }, of(0, 0)) };
    const both = { ...layer(className, config), inputs: ['x', 'l1'] };
    expect(run([twice, both, asOperatorGraph], pairs, pairs.length)).toEqual(expected);
  });

  it('replaces a dense layer whose matrix would be too large', () => {
    const { network } = convert([null, 100_000], [layer('Activation', { activation: 'tanh' })]);
    expect(network.layers[0]).toMatchObject({ type: 'operator_graph', units: 100_000, constants: {} });
  });

  it('combines a single row with every step', () => {
    const most = layer('GlobalMaxPooling1D');
    const both = { ...layer('Add'), inputs: ['x', 'l1'] };
    expect(run([most, both], pairs)).toEqual(pairs.map(([a, b]) => [a! + 3, b! + 6]));
  });

  it('passes states from one layer to another', () => {
    const lstm = (more: Config): Given =>
      layer('LSTM', { units: 2, ...more }, tensor(2, 8), tensor(2, 8), tensor(8));
    const reader = { ...lstm({ return_state: true }), name: 'reader' };
    const writer = {
      ...lstm({ return_sequences: true }),
      inputs: [
        'x',
        { layer: 'reader', tensor: 1 },
        { layer: 'reader', tensor: 2, argument: 'initial_state' },
      ],
    };
    const { network } = convert([null, 2], [reader, writer]);
    const [{ operators }] = network.layers as [OperatorGraphSpec];
    const [first, second] = operators.filter(({ operator }) => operator === 'LSTM');
    expect(second!.inputs.slice(5)).toEqual(
      first!.outputs.slice(1).map(
        (end) =>
          // through a squeeze and back
          operators
            .filter(({ operator }) => operator === 'Squeeze')
            .filter(({ inputs }) => inputs[0] === end)
            .map(({ outputs }) =>
              operators.find(({ operator, inputs }) => operator === 'Unsqueeze' && inputs[0] === outputs[0]),
            )
            .find((one) => one !== undefined)!.outputs[0],
      ),
    );
  });

  it.each<[string, Given, object]>([
    [
      'fewer rows than steps',
      layer('Conv1D', { filters: 2, kernel_size: 3 }, tensor(3, 2, 2), tensor(2)),
      { gives: 'rows', every: { stride: 1, offset: -2 } },
    ],
    ['two rows a step, side by side', layer('UpSampling1D', { size: 2 }), { gives: 'step' }],
  ])('may answer with %s', (_, given, output) => {
    const { network } = convert([null, 2], [given]);
    expect(network.layers).toMatchObject([{ type: 'operator_graph', output }]);
  });

  it('with a single row as input runs once per step, unless the output is a sequence', () => {
    const of2 = [layer('LeakyReLU'), layer('Dense', {}, tensor(2, 3), tensor(3))];
    expect(convert([2], of2).network.layers[0]).toMatchObject({ runs: 'step', units: 3 });
    expect(convert([2], [layer('RepeatVector', { n: 4 })]).network.layers[0]).toMatchObject({
      runs: 'sequence',
      input: { steps: 1 },
      output: { gives: 'sequence', rows: 4 },
      units: 8,
    });
  });
});

describe('a Keras model is refused with what is unsupported and where', () => {
  const dense = layer('Dense', {}, tensor(2, 2), tensor(2));
  const conv = (config: Config = {}, ...weights: Tensor[]): Given =>
    layer('Conv1D', { filters: 2, kernel_size: 3, ...config }, ...weights, tensor(3, 2, 2), tensor(2));
  it.each<[string, readonly (number | null)[], readonly Given[], string | RegExp]>([
    ...['MyLayer', 'Conv3D', 'constructor'].map(
      (name): [string, readonly (number | null)[], readonly Given[], string] => [
        name,
        [null, 2],
        [asOperatorGraph, layer(name)],
        `1 layers cannot be converted: "l2" (${name}): the layer is not supported`,
      ],
    ),
    [
      'each of several',
      [null, 2],
      [layer('Lambda'), layer('LeakyReLU')],
      /2 layers .*"l1" \(Lambda\).*; "l2" .*has an input that was not converted/,
    ],
    [
      'Lambda',
      [null, 2],
      [asOperatorGraph, layer('Lambda')],
      '"l2" (Lambda): a Lambda is Python code, which is not read: replace it by layers',
    ],
    [
      'Attention of one input',
      [null, 2],
      [layer('Attention')],
      '"l1" (Attention): has 1 inputs, must have a query and a value, and may have a key',
    ],
    [
      'ConvLSTM1D of rows',
      [null, 2],
      [layer('ConvLSTM1D')],
      '"l1" (ConvLSTM1D): its input is [steps, 2], must have 3 axes besides the batch',
    ],
    ['images', [28, 28, 1], [layer('Flatten')], 'at most time and features'],
    [
      'TimeDistributed of what is not supported',
      [null, 2],
      [layer('TimeDistributed', { layer: { class_name: 'MyLayer' } })],
      '"l1" (TimeDistributed): the layer is not supported',
    ],
    [
      'RNN of an unknown cell',
      [null, 2],
      [layer('RNN', { cell: { class_name: 'MyCell' } })],
      '"l1" (RNN): has the cell "MyCell", which is not supported',
    ],
    [
      'an activation of one’s own',
      [null, 2],
      [layer('Activation', { activation: 'snake' })],
      'unsupported activation "snake"',
    ],
    [
      'an activation within itself',
      [null, 2],
      [layer('Activation', { activation: { class_name: 'Activation', config: {} } })],
      'unsupported activation "Activation"',
    ],
    [
      'a convolution with the channels first',
      [null, 2],
      [conv({ data_format: 'channels_first' })],
      'data_format "channels_first", must be "channels_last"',
    ],
    [
      'a kernel of other sizes',
      [null, 2],
      [conv({ kernel_size: 4 })],
      'weights of [3, 2, 2], must be [4, 2, 2]',
    ],
    [
      'a window longer than the sequence',
      [2, 2],
      [conv(), layer('Flatten')],
      'a window of 3 steps is longer than the sequence of 2',
    ],
    [
      'Flatten of a sequence of any length',
      [null, 2],
      [layer('Flatten')],
      'its input is [steps, 2]: the number of elements must not depend on the sequence',
    ],
    [
      'Reshape to other sizes',
      [3, 2],
      [layer('Reshape', { target_shape: [4, -1] })],
      '[3, 2] cannot be reshaped to [4, -1]',
    ],
    ['Permute of other axes', [3, 2], [layer('Permute', { dims: [[1], 2] })], 'dims [[1],2]'],
    [
      'RepeatVector of a sequence',
      [null, 2],
      [layer('RepeatVector', { n: 3 })],
      'needs a single row, its input is [steps, 2]',
    ],
    [
      'rows without end',
      [null, 2],
      [layer('GlobalMaxPooling1D'), layer('RepeatVector', { n: 1e9 })],
      'n 1000000000',
    ],
    [
      'Dot of lengths of 1',
      [null, 2],
      [dense, { ...layer('Dot', { axes: 1, normalize: true }), inputs: ['x', 'l1'] }],
      'normalize true',
    ],
    [
      'Subtract of three',
      [null, 2],
      [dense, { ...layer('Subtract'), inputs: ['x', 'l1', 'x'] }],
      'has 3 inputs, must have two',
    ],
    [
      'arithmetic with a number',
      [null, 2],
      [asOperatorGraph, layer('Multiply')],
      'has one input, must have at least two',
    ],
    [
      'a mask over more than the steps',
      [null, 2],
      [
        dense,
        { ...layer('GlobalAveragePooling1D'), inputs: ['x', { layer: 'l1', tensor: 0, argument: 'mask' }] },
      ],
      '"l2" (GlobalAveragePooling1D): its mask has more axes than the steps',
    ],
    [
      'the second output of a layer that has one',
      [null, 2],
      [dense, { ...dense, inputs: [{ layer: 'l1', tensor: 1 }] }],
      '"l2" (Dense) has an input that was not converted',
    ],
    ['rows of less than nothing', [null, -1], [layer('Softmax')], '"x" has the input shape [null,-1]'],
    ['rows of no width', [null, null], [layer('LeakyReLU')], 'no assignment of its open axes'],
  ])('%s', (_, shape, layers, says) => {
    expect(() => convert(shape, layers)).toThrow(says);
    expect(() => convert(shape, layers)).toThrow(expect.objectContaining({ code: 'invalid_model' }) as Error);
  });
});
