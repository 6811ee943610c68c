import { expect, it } from 'vitest';
import { parseHistories, parseNode } from '../../../src/formats/keras/inbound-nodes.ts';
import { readLayerWeights } from '../../../src/formats/keras/layer-weights.ts';

const kerasTensor = (...history: unknown[]): object => ({
  class_name: '__keras_tensor__',
  config: { shape: [null, 4], dtype: 'float32', keras_history: history },
});
const source = (layer: string, tensor: number, argument?: string): object => ({
  layer,
  call: 0,
  tensor,
  ...(argument !== undefined && { argument }),
});

it('a call of Keras 3 has its tensors among the arguments and the keyword arguments', () => {
  const node = {
    args: [kerasTensor('words', 0, 0)],
    kwargs: {
      initial_state: [kerasTensor('reader', 0, 1), kerasTensor('reader', 0, 2)],
      mask: null,
      training: false,
    },
  };
  const { inputs, options } = parseNode(node);
  expect(inputs).toEqual([
    source('words', 0),
    source('reader', 1, 'initial_state'),
    source('reader', 2, 'initial_state'),
  ]);
  expect(options).toMatchObject({ mask: null, training: false });
});

it('a call of Keras 2 has them in its first four places', () => {
  const node = [['query', 0, 0, { value: ['value', 0, 0], use_causal_mask: true }]];
  const { inputs, options } = parseNode(node);
  expect(inputs).toEqual([source('query', 0), source('value', 0, 'value')]);
  expect(options).toEqual({ use_causal_mask: true });
});

it('a call of Keras 2 with a dict has them in the order of its keys', () => {
  const { inputs } = parseNode({ b: ['query', 0, 0, {}], a: ['value', 0, 1, { training: false }] });
  expect(inputs).toEqual([
    { ...source('value', 1), key: 'a' },
    { ...source('query', 0), key: 'b' },
  ]);
});

it.each([
  ['one', ['a', 0, 1], [['a', 1]]],
  [
    'a list',
    [
      ['a', 0, 0],
      ['b', 0, 2],
    ],
    [
      ['a', 0],
      ['b', 2],
    ],
  ],
  [
    'a dict, in the order of its keys',
    { right: ['b', 0, 0], left: ['a', 0, 0] },
    [
      ['a', 0],
      ['b', 0],
    ],
  ],
])('the outputs of a model are %s', (_, value, expected) => {
  expect(parseHistories(value).map(({ layer, tensor }) => [layer, tensor])).toEqual(expected);
});

it('weights of Keras 3 are in the folders of stacked cells, and of the projections of attention', () => {
  const tensor = (value: number) => ({ shape: [1], values: Float32Array.of(value) });
  const cells = ['LSTMCell', 'GRUCell', 'LSTMCell'].map((class_name) => ({ class_name, config: {} }));
  const rnn = { cell: { class_name: 'StackedRNNCells', config: { cells } } };
  const arrays = new Map([
    ['layers/rnn/vars/0', tensor(0)],
    ['layers/rnn/cell/cells/lstm_cell/vars/0', tensor(1)],
    ['layers/rnn/cell/cells/gru_cell/vars/0', tensor(2)],
    ['layers/rnn/cell/cells/lstm_cell_1/vars/0', tensor(3)],
    ['layers/multi_head_attention/_query_dense/vars/0', tensor(4)],
    ['layers/multi_head_attention/key_dense/vars/0', tensor(5)],
    ['layers/multi_head_attention/value_dense/vars/0', tensor(6)],
    ['layers/multi_head_attention/output_dense/vars/0', tensor(7)],
    ['layers/time_distributed/layer/layers/dense/vars/0', tensor(8)],
  ]);
  const layer = (className: string, config = {}, within: { className: string; name: string }[] = []) => ({
    className,
    name: className,
    config,
    within,
  });
  const layers = [
    layer('RNN', rnn),
    layer('MultiHeadAttention'),
    layer('Dense', {}, [{ className: 'TimeDistributed', name: 'each' }]),
  ];
  const weights = readLayerWeights({ arrays, attributes: new Map() }, layers);
  expect(weights.map((own) => own.map(({ values }) => values[0]))).toEqual([[1, 2, 3], [4, 5, 6, 7], [8]]);
});
