import { describe, expect, it } from 'vitest';
import type { ConvertedLayers, LayerInput } from '../../../src/formats/keras/converted.ts';
import type { Config } from '../../../src/formats/keras/keras-config.ts';
import { convertLayer } from '../../../src/formats/keras/layers.ts';
import type { Tensor } from '../../../src/network/weights.ts';

// What a field of a config would change is converted or refused, never passed over. What is refused here may run as operators
// (program.test.ts).

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
): ConvertedLayers => convertLayer({ className, name: 'one', config, inputs: [], weights }, reads, '2.3.1');
const cell = { units: 1, activation: 'tanh', recurrent_activation: 'sigmoid', return_sequences: true };
const lstm = { weights: [tensor(2, 4), tensor(1, 4), tensor(4)] };

describe('a layer of Keras', () => {
  it.each<[string, Config]>([
    ['Dropout', { rate: 0.5 }],
    ['SpatialDropout1D', { rate: 0.5 }],
    ['GaussianNoise', { stddev: 1 }],
    ['GaussianDropout', { rate: 0.1 }],
    ['AlphaDropout', { rate: 0.1 }],
    ['ActivityRegularization', {}],
    ['Activation', { activation: 'linear' }],
  ])('%s changes nothing while it serves', (className, config) => {
    expect(convert(className, config)).toMatchObject({ layers: [], width: 2, sequence: true, notes: [] });
  });

  it('says of masks that nothing is padded here', () => {
    expect(convert('Masking', { mask_value: 0 }).notes).toEqual([
      'masked steps: leave padding out, nothing is padded here',
    ]);
  });

  it('says of a stateful layer that every sequence has a state of its own', () => {
    expect(convert('LSTM', { ...cell, stateful: true }, lstm).notes).toEqual([
      'stateful: here every sequence has a state of its own',
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
  ])('%s with %j becomes one of ours', (className, config, layer) => {
    expect(convert(className, config).layers[0]!.layer).toMatchObject(layer);
  });

  it('takes the attention of textgenrnn and DeepMoji, which Keras calls a layer of one’s own', () => {
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

  it('joins single rows over their only axis, which is the first', () => {
    expect(convert('Concatenate', { axis: 1 }, { reads: [row, row] })).toMatchObject({
      width: 4,
      sequence: false,
    });
  });

  it.each<[string, Config, RegExp, object?]>([
    ['GlobalMaxPooling1D', { keepdims: true }, /keepdims true, must be false/],
    ['GlobalAveragePooling1D', { data_format: 'channels_first' }, /data_format "channels_first"/],
    ['GlobalAveragePooling1D', {}, /pools a sequence, and reads one row/, { reads: [row] }],
    ['ReLU', { max_value: 6 }, /max_value 6/],
    ['ReLU', { negative_slope: 0.1 }, /negative_slope 0\.1, must be 0/],
    ['ReLU', { threshold: 1 }, /threshold 1, must be 0/],
    ['Softmax', { axis: 1 }, /axis 1, must be the last/],
    ['BatchNormalization', { axis: [1] }, /axis \[1\], must be the last/],
    ['LayerNormalization', { axis: [1, 2] }, /axis \[1,2\], must be the last/],
    ['LayerNormalization', { rms_scaling: true }, /rms_scaling true/],
    ['Concatenate', { axis: 1 }, /axis 1, must be the last/, { reads: [sequence, sequence] }],
    ['Add', {}, /2 and 1 columns, must be as many/, { reads: [sequence, { width: 1, sequence: true }] }],
    ['Multiply', {}, /joins sequences with single rows/, { reads: [sequence, row] }],
    ['LSTM', { ...cell, time_major: true }, /time_major true/, lstm],
    ['LSTM', { ...cell, return_state: true }, /return_state/, lstm],
    ['LSTM', { ...cell, go_backwards: true }, /gives its rows in reverse/, lstm],
    ['LSTM', cell, /reads 3 inputs: .* a state or a mask/, { ...lstm, reads: [sequence, row, row] }],
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
      /its backward layer has another return_sequences/,
    ],
    [
      'Bidirectional',
      { merge_mode: null, layer: { class_name: 'LSTM', config: cell } },
      /merge_mode null: its directions are given apart/,
    ],
    ['Multiply', {}, /joins one input/],
    ['RepeatVector', { n: 3 }, /makes of one row the steps of another sequence/],
    [
      'Conv1D',
      { filters: 3, kernel_size: [2] },
      /padding "valid"/,
      { weights: [tensor(2, 2, 3), tensor(3)] },
    ],
    [
      'Conv1D',
      { filters: 3, kernel_size: 2, padding: 'same', strides: [2] },
      /strides of \[2\]/,
      { weights: [tensor(2, 2, 3), tensor(3)] },
    ],
    [
      'Conv1D',
      { filters: 3, kernel_size: 2, padding: 'causal', groups: 2 },
      /2 groups, must be 1/,
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
    ].map((name): [string, Config, RegExp] => [name, {}, /there is no such layer here/]),
    ...['Reshape', 'Permute', 'Lambda', 'MaxPooling1D', 'AveragePooling1D', 'UpSampling1D', 'Attention'].map(
      (name): [string, Config, RegExp] => [name, {}, /there is no such layer here/],
    ),
  ])('%s with %j is no layer of ours', (className, config, says, how) => {
    expect(() => convert(className, config, how)).toThrow(says);
    expect(() => convert(className, config, how)).toThrow(
      expect.objectContaining({ code: 'invalid_model' }) as Error,
    );
  });
});
