import { describe, expect, it } from 'vitest';
import type { ConvertedLayers, LayerInput } from '../../../src/formats/keras/converted.ts';
import type { Config } from '../../../src/formats/keras/keras-config.ts';
import { convertLayer } from '../../../src/formats/keras/layers.ts';
import type { Tensor } from '../../../src/network/weights.ts';

// A config field that changes the output is converted or refused, never ignored. Layers refused here may run
// as operators (keras-to-operators.test.ts).

const sequence: LayerInput = { width: 2, sequence: true };
const row: LayerInput = { width: 2, sequence: false };
const tensor = (...shape: number[]): Tensor => ({
  shape,
  values: new Float32Array(shape.reduce((product, size) => product * size, 1)),
});
const convert = (
  className: string,
  config: Config = {},
  { reads = [sequence], weights = [] }: { reads?: readonly LayerInput[]; weights?: readonly Tensor[] } = {},
): ConvertedLayers => convertLayer({ className, name: 'one', config, weights }, reads, '2.3.1');
const cell = { units: 1, activation: 'tanh', recurrent_activation: 'sigmoid', return_sequences: true };
const lstm = { weights: [tensor(2, 4), tensor(1, 4), tensor(4)] };

describe('a Keras layer', () => {
  it.each<[string, Config]>([
    ['Dropout', { rate: 0.5 }],
    ['Masking', { mask_value: -1 }],
    ['SpatialDropout1D', { rate: 0.5 }],
    ['GaussianNoise', { stddev: 1 }],
    ['GaussianDropout', { rate: 0.1 }],
    ['AlphaDropout', { rate: 0.1 }],
    ['ActivityRegularization', {}],
    ['Activation', { activation: 'linear' }],
  ])('%s has no effect in inference', (className, config) => {
    expect(convert(className, config)).toMatchObject({ layers: [], width: 2, sequence: true, notes: [] });
  });

  it('notes that it is stateful', () => {
    expect(convert('LSTM', { ...cell, stateful: true }, lstm).notes).toEqual([
      'stateful: every sequence has a state of its own, which starts from zeros',
    ]);
  });

  it.each<[string, Config, object]>([
    [
      'GlobalAveragePooling1D',
      { data_format: 'channels_last', keepdims: false },
      { type: 'pool', mode: 'mean' },
    ],
    ['GlobalMaxPooling1D', {}, { type: 'pool', mode: 'max' }],
    ['ReLU', { max_value: null, negative_slope: 0, threshold: 0 }, { type: 'dense', activation: 'relu' }],
    ['Softmax', { axis: -1 }, { type: 'dense', activation: 'softmax' }],
    ['Activation', { activation: 'tanh' }, { type: 'dense', activation: 'tanh' }],
  ])('%s with %j is converted', (className, config, layer) => {
    expect(convert(className, config).layers[0]!.layer).toMatchObject(layer);
  });

  it('converts the custom attention layer of textgenrnn and DeepMoji', () => {
    const weights = [{ shape: [2, 1], values: Float32Array.of(1, 2) }];
    const { layers, sequence: steps } = convert('AttentionWeightedAverage', {}, { weights });
    expect(steps).toBe(false);
    expect(layers).toEqual([
      {
        name: 'one',
        layer: { type: 'pool', mode: 'attention' },
        tensors: [['weight', { shape: [2], values: Float32Array.of(1, 2) }]],
      },
    ]);
    expect(() => convert('AttentionWeightedAverage', { return_attention: true }, { weights })).toThrow(
      'return_attention true, must be false',
    );
    expect(() => convert('AttentionWeightedAverage', {}, { weights: [tensor(3, 1)] })).toThrow(
      'must be [2, 1]',
    );
  });

  it('concatenates single rows over axis 1', () => {
    expect(convert('Concatenate', { axis: 1 }, { reads: [row, row] })).toMatchObject({
      width: 4,
      sequence: false,
    });
  });

  it.each<[string, Config, RegExp, object?]>([
    ['GlobalMaxPooling1D', { keepdims: true }, /keepdims true, must be false/],
    ['GlobalAveragePooling1D', { data_format: 'channels_first' }, /data_format "channels_first"/],
    ['GlobalAveragePooling1D', {}, /needs a sequence, its input is a single row/, { reads: [row] }],
    ['ReLU', { max_value: 6 }, /max_value 6/],
    ['ReLU', { negative_slope: 0.1 }, /negative_slope 0\.1, must be 0/],
    ['ReLU', { threshold: 1 }, /threshold 1, must be 0/],
    ['Softmax', { axis: 1 }, /axis 1, must be the last/],
    ['BatchNormalization', { axis: [1] }, /axis \[1\], must be the last/],
    ['LayerNormalization', { axis: [1, 2] }, /axis \[1,2\], must be the last/],
    ['LayerNormalization', { rms_scaling: true }, /rms_scaling true/],
    ['Concatenate', { axis: 1 }, /axis 1, must be the last/, { reads: [sequence, sequence] }],
    ['Add', {}, /2 and 1 columns, must be equal/, { reads: [sequence, { width: 1, sequence: true }] }],
    ['Multiply', {}, /combines sequences with single rows/, { reads: [sequence, row] }],
    ['LSTM', { ...cell, time_major: true }, /time_major true/, lstm],
    ['LSTM', { ...cell, return_state: true }, /return_state/, lstm],
    ['LSTM', { ...cell, go_backwards: true }, /its rows are in reverse order/, lstm],
    ['LSTM', cell, /has 3 inputs, must have one: states and masks/, { ...lstm, reads: [sequence, row, row] }],
    [
      'Bidirectional',
      { layer: { class_name: 'LSTM', config: { ...cell, go_backwards: true } } },
      /go_backwards/,
    ],
    [
      'Bidirectional',
      {
        layer: { class_name: 'LSTM', config: cell },
        backward_layer: {
          class_name: 'LSTM',
          config: { ...cell, return_sequences: false, go_backwards: true },
        },
      },
      /its backward layer has a different return_sequences/,
    ],
    [
      'Bidirectional',
      { merge_mode: null, layer: { class_name: 'LSTM', config: cell } },
      /merge_mode null is not supported/,
    ],
    ['Multiply', {}, /has one input, must have at least two/],
    ['RepeatVector', { n: 3 }, /repeats one row as the steps of another sequence/],
    [
      'Conv1D',
      { filters: 3, kernel_size: [2] },
      /padding "valid"/,
      { weights: [tensor(2, 2, 3), tensor(3)] },
    ],
    [
      'Conv1D',
      { filters: 3, kernel_size: 2, padding: 'same', strides: [2] },
      /strides \[2\], must be 1/,
      { weights: [tensor(2, 2, 3), tensor(3)] },
    ],
    [
      'Conv1D',
      { filters: 3, kernel_size: 2, padding: 'causal', groups: 2 },
      /groups 2, must be 1/,
      { weights: [tensor(2, 2, 3), tensor(3)] },
    ],
    [
      'Conv1D',
      { filters: 3, kernel_size: 2, padding: 'causal', activation: 'softmax' },
      /activation "softmax"/,
      { weights: [tensor(2, 2, 3), tensor(3)] },
    ],
    ...[
      'LeakyReLU',
      'PReLU',
      'ELU',
      'ThresholdedReLU',
      'Average',
      'Maximum',
      'Subtract',
      'Dot',
      'Flatten',
    ].map((name): [string, Config, RegExp] => [name, {}, /the layer is not supported/]),
    ...['Reshape', 'Permute', 'Lambda', 'MaxPooling1D', 'AveragePooling1D', 'UpSampling1D', 'Attention'].map(
      (name): [string, Config, RegExp] => [name, {}, /the layer is not supported/],
    ),
  ])('%s with %j is refused', (className, config, says, how) => {
    expect(() => convert(className, config, how)).toThrow(says);
    expect(() => convert(className, config, how)).toThrow(
      expect.objectContaining({ code: 'invalid_model' }) as Error,
    );
  });
});
