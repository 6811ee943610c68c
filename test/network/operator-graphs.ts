import type { Config } from '../../src/formats/keras/keras-config.ts';
import { connectLayers } from '../formats/keras/connect-layers.ts';
import { kerasToNetwork } from '../../src/formats/keras/keras-to-network.ts';
import type { NetworkInput } from '../../src/network/input.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import type { Tensor } from '../../src/network/weights.ts';
import { features, ids, network } from './random-network.ts';

// Operator graphs for tests: one of every kind of product, sweep and move, as a step with a state and over whole sequences.

const lstmConstants = { w: [1, 24, 10], r: [1, 24, 6], b: [1, 48] };

/** A frame of 20 numbers: convolution, LSTM with its state in and out, a product, and 4 numbers of the frame before. */
const frames = network([
  {
    type: 'operator_graph',
    name: 'frames',
    runs: 'step',
    input: { value: 'x', shape: [1, 24], context: 4 },
    output: { value: 'y', gives: 'step' },
    units: 5,
    states: [
      { input: 'h', output: 'h2', shape: [1, 1, 6] },
      { input: 'c', output: 'c2', shape: [1, 1, 6] },
    ],
    wholeConstants: {
      channel: { kind: 'int', shape: [1], values: [1] },
      first: { kind: 'int', shape: [1], values: [0] },
    },
    constants: { ...lstmConstants, kernel: [10, 1, 7], shift: [10], matrix: [6, 5], add: [5] },
    operators: [
      { operator: 'Unsqueeze', inputs: ['x', 'channel'], outputs: ['x1'] },
      {
        operator: 'Conv',
        inputs: ['x1', 'kernel', 'shift'],
        outputs: ['conv'],
        attributes: { strides: [3] },
      },
      { operator: 'Elu', inputs: ['conv'], outputs: ['elu'] },
      { operator: 'Transpose', inputs: ['elu'], outputs: ['steps'], attributes: { perm: [2, 0, 1] } },
      { operator: 'LSTM', inputs: ['steps', 'w', 'r', 'b', '', 'h', 'c'], outputs: ['', 'h2', 'c2'] },
      { operator: 'Squeeze', inputs: ['h2', 'first'], outputs: ['last'] },
      { operator: 'MatMul', inputs: ['last', 'matrix'], outputs: ['product'] },
      { operator: 'Add', inputs: ['product', 'add'], outputs: ['sum'] },
      { operator: 'Softmax', inputs: ['sum'], outputs: ['y'] },
    ],
  },
  { type: 'dense', units: 3 },
]);

/** A cell written out in products: of 12 rows, its activations are more numbers than the kernel takes at a time. */
const cell = network([
  {
    type: 'operator_graph',
    name: 'cell',
    runs: 'step',
    input: { value: 'x', shape: [1, 3] },
    output: { value: 'y', gives: 'step' },
    units: 701,
    states: [{ input: 'h', output: 'h2', shape: [1, 701] }],
    constants: { w: [3, 1402], b: [1402], r: [701, 1402], half: [1402], head: [701, 701], add: [701] },
    operators: [
      { operator: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['input'] },
      { operator: 'Gemm', inputs: ['h', 'r', 'half'], outputs: ['before'], attributes: { beta: 0.5 } },
      { operator: 'Add', inputs: ['input', 'before'], outputs: ['sum'] },
      { operator: 'Split', inputs: ['sum'], outputs: ['gate', 'candidate'], attributes: { axis: 1 } },
      { operator: 'Sigmoid', inputs: ['gate'], outputs: ['open'] },
      { operator: 'Tanh', inputs: ['candidate'], outputs: ['new'] },
      { operator: 'Mul', inputs: ['open', 'new'], outputs: ['h2'] },
      { operator: 'MatMul', inputs: ['h2', 'head'], outputs: ['product'] },
      { operator: 'Add', inputs: ['product', 'add'], outputs: ['out'] },
      { operator: 'Relu', inputs: ['out'], outputs: ['y'] },
    ],
  },
]);

/** A step that looks a row up by its own numbers: it fails for those that are none of the table's. */
export const lookup = network([
  {
    type: 'operator_graph',
    runs: 'step',
    input: { value: 'x', shape: [1, 1] },
    output: { value: 'y', gives: 'step' },
    units: 20,
    states: [{ input: 's', output: 'y', shape: [1, 20] }],
    constants: { table: [3, 20], w: [20, 20] },
    operators: [
      { operator: 'Cast', inputs: ['x'], outputs: ['index'], attributes: { to: 7 } },
      { operator: 'Gather', inputs: ['table', 'index'], outputs: ['rows'] },
      { operator: 'Squeeze', inputs: ['rows'], outputs: ['row'] },
      { operator: 'Add', inputs: ['s', 'row'], outputs: ['sum'] },
      { operator: 'MatMul', inputs: ['sum', 'w'], outputs: ['product'] },
      { operator: 'Tanh', inputs: ['product'], outputs: ['y'] },
    ],
  },
]);

/** Ids: looked up, a bidirectional GRU, every step looks at all of them; a row a step. */
const attention = network([
  {
    type: 'operator_graph',
    name: 'attends',
    runs: 'sequence',
    input: { value: 'ids', shape: [1, -1], vocabulary: 11 },
    output: { value: 'y', gives: 'step' },
    units: 8,
    wholeConstants: {
      rows: { kind: 'int', shape: [3], values: [0, -1, 8] },
      // [batch, directions, steps, units] would be [1, 2, steps, 4]
    },
    constants: { table: [11, 7], w: [2, 12, 7], r: [2, 12, 4], b: [2, 24] },
    operators: [
      { operator: 'Gather', inputs: ['table', 'ids'], outputs: ['looked'] },
      { operator: 'Transpose', inputs: ['looked'], outputs: ['steps'], attributes: { perm: [1, 0, 2] } },
      {
        operator: 'GRU',
        inputs: ['steps', 'w', 'r', 'b'],
        outputs: ['both'],
        attributes: { direction: 'bidirectional', linear_before_reset: 1 },
      },
      { operator: 'Transpose', inputs: ['both'], outputs: ['turned'], attributes: { perm: [2, 0, 1, 3] } },
      { operator: 'Reshape', inputs: ['turned', 'rows'], outputs: ['h'] },
      { operator: 'Transpose', inputs: ['h'], outputs: ['keys'], attributes: { perm: [0, 2, 1] } },
      { operator: 'MatMul', inputs: ['h', 'keys'], outputs: ['scores'] },
      { operator: 'Softmax', inputs: ['scores'], outputs: ['weights'] },
      { operator: 'MatMul', inputs: ['weights', 'h'], outputs: ['y'] },
    ],
  },
  { type: 'dense', units: 3, activation: 'tanh' },
]);

/** A loop over the steps that is left where its state grows past a bound; one answer a sequence. */
const loop = network([
  {
    type: 'operator_graph',
    name: 'loop',
    runs: 'sequence',
    input: { value: 'x', shape: [-1, 1, 3] },
    output: { value: 'last', gives: 'sequence' },
    units: 5,
    wholeConstants: { zero: { kind: 'int', shape: [], values: [0] } },
    constants: { w: [3, 5], r: [5, 5], bound: [], start: [1, 5] },
    operators: [
      { operator: 'Shape', inputs: ['x'], outputs: ['shape'] },
      { operator: 'Gather', inputs: ['shape', 'zero'], outputs: ['turns'] },
      {
        operator: 'Loop',
        inputs: ['turns', '', 'start'],
        outputs: ['last'],
        bodies: {
          body: {
            inputs: ['turn', 'go', 'before'],
            outputs: ['goes', 'after'],
            operators: [
              { operator: 'Gather', inputs: ['x', 'turn'], outputs: ['row'] },
              { operator: 'MatMul', inputs: ['row', 'w'], outputs: ['a'] },
              { operator: 'MatMul', inputs: ['before', 'r'], outputs: ['s'] },
              { operator: 'Sum', inputs: ['a', 's'], outputs: ['sum'] },
              { operator: 'Tanh', inputs: ['sum'], outputs: ['after'] },
              { operator: 'ReduceMax', inputs: ['after'], outputs: ['most'], attributes: { keepdims: 0 } },
              { operator: 'Less', inputs: ['most', 'bound'], outputs: ['goes'] },
            ],
          },
        },
      },
    ],
  },
]);

/** The largest sum over five steps: shorter sequences have none. */
export const windows = network([
  {
    type: 'operator_graph',
    runs: 'sequence',
    input: { value: 'x', shape: [1, 1, -1] },
    output: { value: 'y', gives: 'sequence' },
    units: 1,
    constants: { kernel: [1, 1, 5] },
    operators: [
      { operator: 'Conv', inputs: ['x', 'kernel'], outputs: ['windows'] },
      { operator: 'ReduceMax', inputs: ['windows'], outputs: ['y'] },
    ],
  },
]);
/** A network of Keras: windows, an LSTM's last row repeated, a GRU backwards over it; three rows a sequence. */
function readKerasGraph(): NetworkSpec {
  const tensor = (...shape: number[]) => ({
    shape,
    values: new Float32Array(shape.reduce((product, size) => product * size)),
  });
  const layer = (className: string, config: Config, ...weights: Tensor[]) => ({ className, config, weights });
  const dense = { class_name: 'Dense', config: { activation: 'swish' } };
  const layers = [
    layer('InputLayer', { batch_shape: [null, null, 4] }),
    layer(
      'Conv1D',
      { filters: 9, kernel_size: 5, strides: 2, padding: 'same', activation: 'elu' },
      tensor(5, 4, 9),
      tensor(9),
    ),
    layer('MaxPooling1D', { padding: 'same' }),
    layer('LSTM', { units: 6 }, tensor(9, 24), tensor(6, 24), tensor(24)),
    layer('RepeatVector', { n: 3 }),
    layer(
      'GRU',
      { units: 5, go_backwards: true, return_sequences: true, reset_after: true },
      tensor(6, 15),
      tensor(5, 15),
      tensor(2, 15),
    ),
    layer('TimeDistributed', { layer: dense }, tensor(5, 2), tensor(2)),
  ];
  return kerasToNetwork(connectLayers(layers, { version: '3.0.0' })).network;
}

export const operatorGraphs: Readonly<Record<string, { spec: NetworkSpec; input: NetworkInput }>> = {
  'an operator graph of a step, with states and context': { spec: frames, input: features(20) },
  'a cell written out in products': { spec: cell, input: features(3) },
  'an operator graph over a sequence of ids, a row a step': { spec: attention, input: ids(11) },
  'an operator graph with a loop, one answer': { spec: loop, input: features(3) },
  'an operator graph of Keras layers, three rows': { spec: readKerasGraph(), input: features(4) },
};
