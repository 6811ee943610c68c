import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/formats/keras/keras-config.ts';
import { kerasToNetwork } from '../../../src/formats/keras/keras-to-network.ts';
import type { Tensor } from '../../../src/network/weights.ts';
import { randomNumbers } from '../../network/random-network.ts';
import { connectLayers, type GivenLayer } from './connect-layers.ts';

// Which layers of Keras become layers of ours, and which run as operators. A config field that changes the output is
// converted or refused, never ignored: conversion verifies the numbers.

const random = randomNumbers(7);
const tensor = (...shape: number[]): Tensor => ({
  shape,
  values: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => random()),
});
const layer = (className: string, config: Config = {}, ...weights: Tensor[]): GivenLayer => ({
  className,
  name: 'one',
  config,
  weights,
});
const convert = (...layers: readonly GivenLayer[]) =>
  kerasToNetwork(
    connectLayers([
      { className: 'InputLayer', name: 'x', config: { batch_shape: [null, null, 2] } },
      { ...layer('Dense', {}, tensor(2, 2), tensor(2)), name: 'first' },
      ...layers,
    ]),
  );
const typesOf = (...layers: readonly GivenLayer[]) =>
  convert(...layers).network.layers.map(({ type }) => type);

const cell = { units: 1, recurrent_activation: 'sigmoid', return_sequences: true };
const lstmWeights = [tensor(2, 4), tensor(1, 4), tensor(4)];
const lstm = (config: Config = {}): GivenLayer => layer('LSTM', { ...cell, ...config }, ...lstmWeights);
const both = (own: Config = {}, config: Config = {}): GivenLayer =>
  layer(
    'Bidirectional',
    { layer: { class_name: 'LSTM', config: { ...cell, ...own } }, ...config },
    ...lstmWeights,
    ...lstmWeights.map(({ shape }) => tensor(...shape)),
  );
const conv = (config: Config): GivenLayer =>
  layer('Conv1D', { filters: 3, kernel_size: [2], ...config }, tensor(2, 2, 3), tensor(3));
/** A branch beside the first layer, merged with it. */
const merged = (className: string, config: Config = {}): GivenLayer[] => [
  { ...layer('Dense', { activation: 'tanh' }, tensor(2, 2), tensor(2)), name: 'other' },
  { ...layer(className, config), inputs: ['first', 'other'] },
];

describe('a Keras layer', () => {
  it.each<[string, Config]>([
    ['Dropout', { rate: 0.5 }],
    ['SpatialDropout1D', { rate: 0.5 }],
    ['GaussianNoise', { stddev: 1 }],
    ['GaussianDropout', { rate: 0.1 }],
    ['AlphaDropout', { rate: 0.1 }],
    ['ActivityRegularization', {}],
    ['Activation', { activation: 'linear' }],
    ['Permute', { dims: [1, 2] }],
  ])('%s has no effect in inference', (className, config) => {
    expect(typesOf(layer(className, config))).toEqual(['dense']);
  });

  it('notes that it is stateful', () => {
    expect(convert(lstm({ stateful: true })).notes).toContain(
      '"one": stateful: every sequence has a state of its own, which starts from zeros; a session keeps it between calls',
    );
  });

  it('gives its name to its layer', () => {
    const { network } = convert(lstm({ return_sequences: false }), { ...layer('Softmax'), name: 'sum/up' });
    expect(network.layers.map(({ name }) => name)).toEqual(['first', 'one', 'one_last', 'sum_up']);
  });

  const conv1d = { type: 'conv1d', units: 3, kernel: 2 };
  const recurrent = { type: 'recurrent', cell: 'lstm', units: 1 };
  const last = { type: 'pool', mode: 'last' };
  it.each<[string, readonly GivenLayer[], readonly object[]]>([
    [
      'mean over time',
      [layer('GlobalAveragePooling1D', { keepdims: false })],
      [{ type: 'pool', mode: 'mean' }],
    ],
    ['maximum over time', [layer('GlobalMaxPooling1D')], [{ type: 'pool', mode: 'max' }]],
    [
      'the attention of textgenrnn and DeepMoji',
      [layer('AttentionWeightedAverage', {}, tensor(2, 1))],
      [{ type: 'pool', mode: 'attention' }],
    ],
    [
      'layer norm',
      [layer('LayerNormalization', {}, tensor(2), tensor(2))],
      [{ type: 'layer_norm', epsilon: 1e-3 }],
    ],
    [
      'layer norm alone',
      [layer('LayerNormalization', { scale: false, center: false })],
      [{ type: 'layer_norm' }],
    ],
    [
      'causal convolution',
      [conv({ padding: 'causal' })],
      [{ ...conv1d, padding: 'causal', activation: 'linear' }],
    ],
    [
      'dilated convolution with its activation',
      [conv({ padding: 'causal', dilation_rate: 3, activation: 'relu' })],
      [{ ...conv1d, padding: 'causal', dilation: 3, activation: 'relu' }],
    ],
    ['centred convolution', [conv({ padding: 'same', dilation_rate: 3 })], [{ ...conv1d, padding: 'same' }]],
    ['recurrence', [lstm()], [{ ...recurrent, bidirectional: false }]],
    ['recurrence up to its end', [lstm({ return_sequences: false })], [recurrent, last]],
    [
      'recurrence backwards up to its end',
      [lstm({ go_backwards: true, return_sequences: false })],
      [{ ...recurrent, bidirectional: true, merge: 'sum', backward_at: 'first' }, last],
    ],
    ...['concat', 'sum', 'mul', 'ave'].map((merge): [string, readonly GivenLayer[], readonly object[]] => [
      `both directions, ${merge}`,
      [both({}, { merge_mode: merge })],
      [{ ...recurrent, bidirectional: true, merge, backward_at: 'step' }],
    ]),
    [
      'both directions up to their ends',
      [both({ return_sequences: false })],
      [{ ...recurrent, bidirectional: true, merge: 'concat', backward_at: 'first' }, last],
    ],
    [
      'directions of different activations',
      [
        both(
          { activation: 'elu' },
          { backward_layer: { class_name: 'LSTM', config: { ...cell, go_backwards: true } } },
        ),
      ],
      [
        {
          ...recurrent,
          bidirectional: true,
          activations: { candidate: { type: 'elu' } },
          backward_activations: {},
        },
      ],
    ],
    ['a sum', merged('Add'), [{ type: 'dense', name: 'other' }, { type: 'add' }]],
    ['a product', merged('Multiply'), [{ type: 'dense' }, { type: 'multiply' }]],
    ['rows side by side', merged('Concatenate', { axis: 2 }), [{ type: 'dense' }, { type: 'concat' }]],
    [
      'TimeDistributed',
      [
        layer(
          'TimeDistributed',
          { layer: { class_name: 'Dense', config: { units: 3 } } },
          tensor(2, 3),
          tensor(3),
        ),
      ],
      [{ type: 'dense', units: 3 }],
    ],
  ])('%s becomes a layer of ours', (_, layers, expected) => {
    expect(convert(...layers).network.layers.slice(1)).toMatchObject(expected);
  });

  it.each<[string, Config, object]>([
    ['ReLU', { max_value: null, negative_slope: 0, threshold: 0 }, { activation: 'relu' }],
    ['Softmax', { axis: -1 }, { activation: 'softmax' }],
    ['Activation', { activation: 'tanh' }, { activation: 'tanh' }],
  ])('%s with %j is a part of the dense layer before', (className, config, expected) => {
    expect(convert(layer(className, config)).network.layers).toMatchObject([{ type: 'dense', ...expected }]);
    const beside = convert(lstm(), layer(className, config)).network.layers;
    expect(beside.at(-1)).toMatchObject({ type: 'dense', units: 1, ...expected });
  });

  it('BatchNormalization is folded into the layer before', () => {
    const norm = layer('BatchNormalization', {}, tensor(2), tensor(2), tensor(2), {
      ...tensor(2),
      values: Float32Array.of(1, 2),
    });
    expect(typesOf(norm)).toEqual(['dense']);
    const three = [tensor(3), tensor(3), tensor(3), { ...tensor(3), values: Float32Array.of(1, 2, 3) }];
    expect(typesOf(conv({ padding: 'same' }), layer('BatchNormalization', {}, ...three))).toEqual([
      'dense',
      'conv1d',
    ]);
  });

  it.each<[string, readonly GivenLayer[], RegExp]>([
    ['ReLU up to a maximum', [layer('ReLU', { max_value: 6 })], /Min/],
    ['ReLU with a slope', [layer('ReLU', { negative_slope: 0.1 })], /LeakyRelu/],
    ['ReLU from a threshold', [layer('ReLU', { threshold: 1 })], /Less|Where/],
    ['softmax over time', [layer('Softmax', { axis: 1 })], /its axis is not a whole row/],
    ['steps one after another', merged('Concatenate', { axis: 1 }), /Concat/],
    ['all steps backwards', [lstm({ go_backwards: true })], /it skips or turns steps/],
    ['a convolution of whole windows', [conv({ padding: 'valid' })], /it has other rows than the steps/],
    [
      'a convolution that skips',
      [conv({ padding: 'same', strides: [2] })],
      /it has other rows than the steps/,
    ],
    [
      'a convolution of groups',
      [
        layer(
          'Conv1D',
          { filters: 2, kernel_size: 2, padding: 'causal', groups: 2 },
          tensor(2, 1, 2),
          tensor(2),
        ),
      ],
      /a convolution of all columns over the steps/,
    ],
    ...['LeakyReLU', 'ELU', 'ThresholdedReLU'].map((name): [string, readonly GivenLayer[], RegExp] => [
      name,
      [layer(name)],
      /the operator is not supported/,
    ]),
    ...['Average', 'Maximum', 'Subtract'].map((name): [string, readonly GivenLayer[], RegExp] => [
      name,
      merged(name),
      /not supported|only Add and Mul/,
    ]),
  ])('%s runs as operators, with the reason', (_, layers, reason) => {
    const { network, notes } = convert(...layers);
    expect(network.layers.map(({ type }) => type)).toEqual(['operator_graph']);
    expect(notes.at(-1)).toMatch(/^not converted to layers: /);
    expect(notes.at(-1)).toMatch(reason);
  });

  it.each<[string, GivenLayer, string]>([
    [
      'an attention that is returned',
      layer('AttentionWeightedAverage', { return_attention: true }, tensor(2, 1)),
      'return_attention true, must be false',
    ],
    ['an attention of other columns', layer('AttentionWeightedAverage', {}, tensor(3, 1)), 'must be [2, 1]'],
    [
      'channels first',
      layer('GlobalAveragePooling1D', { data_format: 'channels_first' }),
      'data_format "channels_first"',
    ],
    ['RMS scaling', layer('LayerNormalization', { rms_scaling: true }, tensor(2)), 'rms_scaling true'],
    ['time first', lstm({ time_major: true }), 'time_major true'],
    ['backwards within both directions', both({ go_backwards: true }), 'its forward layer has go_backwards'],
    [
      'a merge of its own',
      both({}, { merge_mode: 'max' }),
      'merge_mode "max", must be concat, sum, mul, ave or null',
    ],
  ])('%s is refused', (_, given, says) => {
    expect(() => convert(given)).toThrow(says);
    expect(() => convert(given)).toThrow(expect.objectContaining({ code: 'invalid_model' }) as Error);
  });
});
