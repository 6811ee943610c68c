import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/formats/keras/keras-config.ts';
import type { Tensor } from '../../../src/network/weights.ts';
import { toModelSpec } from '../../../src/formats/model-spec-from-imported.ts';
import { randomNumbers } from '../../network/random-network.ts';
import { oneLayerNetwork } from './one-layer-network.ts';

const random = randomNumbers(3);
const tensor = (...shape: number[]): Tensor => ({
  shape,
  values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random()),
});
const gates = { LSTM: 4, GRU: 3, SimpleRNN: 1 } as const;
type CellName = keyof typeof gates;

/** Converts a cell of two units to a recurrent layer. */
const createLayer = (className: CellName, config: Config, version = '3.15.1') => {
  const columns = gates[className] * 2;
  const weights = [tensor(3, columns), tensor(2, columns), tensor(columns)];
  return oneLayerNetwork(className, { units: 2, return_sequences: true, ...config }, weights, version).network
    .layers[0];
};

describe('the activations of a Keras cell', () => {
  it.each([
    ['1', 0.2],
    ['2.1.6-tf', 0.2],
    ['2.15.0', 0.2],
    ['3.0.0', 1 / 6],
    ['3.15.1', 1 / 6],
  ])('hard_sigmoid of Keras %s has a slope of %d', (version, alpha) => {
    const fields = version === '1' ? ['inner_activation'] : ['recurrent_activation', 'inner_activation'];
    for (const field of fields)
      expect(createLayer('LSTM', { [field]: 'hard_sigmoid', output_dim: 2 }, version)).toMatchObject({
        activations: { gate: { type: 'hard_sigmoid', alpha, beta: 0.5 } },
      });
  });

  it('`activation` maps to candidate and output of an LSTM, and to the candidate of other cells', () => {
    const softsign = { type: 'softsign' };
    expect(createLayer('LSTM', { activation: 'softsign' })).toMatchObject({
      activations: { candidate: softsign, output: softsign },
    });
    expect(createLayer('GRU', { activation: 'softsign', recurrent_activation: 'elu' })).toMatchObject({
      activations: { gate: { type: 'elu', alpha: 1 }, candidate: softsign },
    });
    expect(createLayer('SimpleRNN', { activation: 'sigmoid' })).toMatchObject({
      activations: { candidate: { type: 'sigmoid' } },
    });
  });

  it.each([
    ['linear', { type: 'affine' }],
    [null, { type: 'affine' }],
    ['softplus', { type: 'softplus' }],
    ['leaky_relu', { type: 'leaky_relu', alpha: 0.2 }],
    [
      { module: 'builtins', class_name: 'function', config: 'elu' },
      { type: 'elu', alpha: 1 },
    ],
    [
      { class_name: 'LeakyReLU', config: { name: 'l' } },
      { type: 'leaky_relu', alpha: 0.3 },
    ],
    [
      { class_name: 'LeakyReLU', config: { negative_slope: 0.1 } },
      { type: 'leaky_relu', alpha: 0.1 },
    ],
    [
      { class_name: 'ThresholdedReLU', config: { theta: 0.4 } },
      { type: 'thresholded_relu', alpha: 0.4 },
    ],
    [
      { class_name: 'ReLU', config: { negative_slope: 0.5, max_value: null } },
      { type: 'leaky_relu', alpha: 0.5 },
    ],
  ])('%j becomes %j', (activation, candidate) => {
    expect(createLayer('GRU', { activation: activation })).toMatchObject({ activations: { candidate } });
  });

  it('do not change the layer when they are the defaults', () => {
    const usual = { activation: 'tanh', recurrent_activation: 'sigmoid' };
    expect(createLayer('LSTM', usual)).not.toHaveProperty('activations');
    expect(createLayer('SimpleRNN', { activation: 'relu' })).toMatchObject({ activation: 'relu' });
    expect(createLayer('SimpleRNN', { activation: 'relu' })).not.toHaveProperty('activations');
  });

  it('apply to the backward direction only with go_backwards', () => {
    const config = { recurrent_activation: 'hard_sigmoid', go_backwards: true, return_sequences: false };
    const layer = createLayer('GRU', config);
    expect(layer).toMatchObject({ backward_activations: { gate: { type: 'hard_sigmoid' } }, merge: 'sum' });
    expect(layer).not.toHaveProperty('activations');
  });

  it.each([
    ['gelu', 'unsupported activation "gelu"'],
    [{ class_name: 'PReLU', config: {} }, 'unsupported activation "PReLU"'],
    [{ class_name: 'ReLU', config: { max_value: 6 } }, 'ReLU: max_value 6 is not supported'],
    [{ class_name: 'ReLU', config: { threshold: 1 } }, 'ReLU: threshold 1 is not supported'],
  ])('%j is refused by name', (activation, says) => {
    expect(() => createLayer('GRU', { activation })).toThrow(says);
  });
});

it.each([true, false])('a recurrent layer that is stateful, %s, makes its model so', (stateful) => {
  const weights = [tensor(3, 8), tensor(2, 8), tensor(8)];
  const network = oneLayerNetwork('LSTM', { units: 2, stateful }, weights, '3.8.0');
  expect(network.stateful ?? false).toBe(stateful);
  expect(toModelSpec('m', network).stateful ?? false).toBe(stateful);
});

describe('a Bidirectional with a separate backward layer', () => {
  const both = (backward: Config, kind = 'GRU') => {
    const config = { units: 2, return_sequences: true, activation: 'elu' };
    const weights = [tensor(3, 6), tensor(2, 6), tensor(6)];
    return oneLayerNetwork(
      'Bidirectional',
      {
        layer: { class_name: 'GRU', config },
        backward_layer: { class_name: kind, config: { ...config, go_backwards: true, ...backward } },
      },
      [...weights, ...weights],
      '3.15.1',
    ).network.layers[0];
  };

  it('may have other activations', () => {
    expect(both({ activation: 'tanh' })).toMatchObject({
      activations: { candidate: { type: 'elu' } },
      backward_activations: {},
    });
    expect(both({})).not.toHaveProperty('backward_activations');
  });

  it('becomes a separate layer when it differs in more than activations', () => {
    expect(both({ reset_after: true })).toMatchObject({ reset: 'before', bidirectional: false });
  });

  it('is refused with a different return_sequences or weights that do not match', () => {
    expect(() => both({ return_sequences: false })).toThrow('a different return_sequences');
    expect(() => both({}, 'LSTM')).toThrow(/"read" \(Bidirectional\): kernels of \[3, 6\]/);
  });
});
