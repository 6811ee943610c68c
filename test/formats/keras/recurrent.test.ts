import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/formats/keras/keras-config.ts';
import { kerasToNetwork } from '../../../src/formats/keras/keras-to-network.ts';
import type { ProgramSpec } from '../../../src/network/layers/operator-graph/schema.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import type { Tensor } from '../../../src/network/weights.ts';
import { randomNumbers, runAlone, runnerOf } from '../../network/random-network.ts';
import { toModelSpec } from '../../../src/formats/model-spec-from-imported.ts';
import { connectLayers } from './connect-layers.ts';

const random = randomNumbers(3);
const tensor = (...shape: number[]): Tensor => ({
  shape,
  values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random()),
});
const gates = { LSTM: 4, GRU: 3, SimpleRNN: 1 } as const;
type CellName = keyof typeof gates;

const networkOf = (className: string, config: Config, weights: readonly Tensor[], version: string) => {
  const width = weights[0]!.shape[0]!;
  return kerasToNetwork(
    connectLayers(
      [
        { className: 'InputLayer', name: 'numbers', config: { batch_shape: [null, null, width] } },
        { className, name: 'read', config, weights },
      ],
      { version },
    ),
  );
};
/** Converts a cell of two units to a recurrent layer. */
const layerOf = (className: CellName, config: Config, version = '3.15.1') => {
  const columns = gates[className] * 2;
  const weights = [tensor(3, columns), tensor(2, columns), tensor(columns)];
  return networkOf(className, { units: 2, return_sequences: true, ...config }, weights, version).network
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
      expect(layerOf('LSTM', { [field]: 'hard_sigmoid', output_dim: 2 }, version)).toMatchObject({
        activations: { gate: { type: 'hard_sigmoid', alpha, beta: 0.5 } },
      });
  });

  it('`activation` maps to candidate and output of an LSTM, and to the candidate of other cells', () => {
    const softsign = { type: 'softsign' };
    expect(layerOf('LSTM', { activation: 'softsign' })).toMatchObject({
      activations: { candidate: softsign, output: softsign },
    });
    expect(layerOf('GRU', { activation: 'softsign', recurrent_activation: 'elu' })).toMatchObject({
      activations: { gate: { type: 'elu', alpha: 1 }, candidate: softsign },
    });
    expect(layerOf('SimpleRNN', { activation: 'sigmoid' })).toMatchObject({
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
  ])('%j becomes %j', (said, candidate) => {
    expect(layerOf('GRU', { activation: said })).toMatchObject({ activations: { candidate } });
  });

  it('do not change the layer when they are the defaults', () => {
    const usual = { activation: 'tanh', recurrent_activation: 'sigmoid' };
    expect(layerOf('LSTM', usual)).not.toHaveProperty('activations');
    expect(layerOf('SimpleRNN', { activation: 'relu' })).toMatchObject({ activation: 'relu' });
    expect(layerOf('SimpleRNN', { activation: 'relu' })).not.toHaveProperty('activations');
  });

  it('apply to the backward direction only with go_backwards', () => {
    const config = { recurrent_activation: 'hard_sigmoid', go_backwards: true, return_sequences: false };
    const layer = layerOf('GRU', config);
    expect(layer).toMatchObject({ backward_activations: { gate: { type: 'hard_sigmoid' } }, merge: 'sum' });
    expect(layer).not.toHaveProperty('activations');
  });

  it.each([
    ['gelu', 'unsupported activation "gelu"'],
    [{ class_name: 'PReLU', config: {} }, 'unsupported activation "PReLU"'],
    [{ class_name: 'ReLU', config: { max_value: 6 } }, 'ReLU: max_value 6 is not supported'],
    [{ class_name: 'ReLU', config: { threshold: 1 } }, 'ReLU: threshold 1 is not supported'],
  ])('%j is refused by name', (activation, says) => {
    expect(() => layerOf('GRU', { activation })).toThrow(says);
  });
});

it.each([true, false])('a recurrent layer that is stateful, %s, makes its model so', (stateful) => {
  const weights = [tensor(3, 8), tensor(2, 8), tensor(8)];
  const network = networkOf('LSTM', { units: 2, stateful }, weights, '3.8.0');
  expect(network.stateful ?? false).toBe(stateful);
  expect(toModelSpec('m', network).stateful ?? false).toBe(stateful);
});

describe('a Bidirectional with a separate backward layer', () => {
  const both = (backward: Config, kind = 'GRU') => {
    const config = { units: 2, return_sequences: true, activation: 'elu' };
    const weights = [tensor(3, 6), tensor(2, 6), tensor(6)];
    return networkOf(
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

  it('becomes a separate operator when it differs in more than activations', () => {
    const { operators } = both({ reset_after: true }) as ProgramSpec;
    expect(operators.filter(({ operator }) => operator === 'GRU')).toMatchObject([
      { operator: 'GRU', attributes: { linear_before_reset: 0 } },
      { operator: 'GRU', attributes: { linear_before_reset: 1, direction: 'reverse' } },
    ]);
  });

  it('is refused with a different return_sequences or weights that do not match', () => {
    expect(() => both({ return_sequences: false })).toThrow('a different return_sequences');
    expect(() => both({}, 'LSTM')).toThrow(/"read" \(Bidirectional\): kernels of \[3, 6\]/);
  });
});

// Test cases of keras-js (MIT), computed by Keras 2 with random weights and printed with six decimals.
// Skipped when they are missing.
const folder = join(
  process.env['UNROLL_REAL_MODELS'] ?? join(import.meta.dirname, '../../../../shared/real'),
  'keras-fixtures',
);
if (!existsSync(folder))
  console.log('keras-fixtures are not here (UNROLL_REAL_MODELS): Keras 2 is not tested');

interface Matrix {
  readonly data: number[];
  readonly shape: number[];
}
interface Fixture {
  readonly input: Matrix;
  readonly weights: readonly Matrix[];
  readonly expected: Matrix;
}
/** Options of each numbered case; `twice` is the second run of a stateful layer. */
const cases: { sequences?: true; backwards?: true; twice?: true; sigmoid?: true }[] = [
  {},
  { sigmoid: true },
  { sequences: true },
  { backwards: true },
  { sequences: true, backwards: true },
  { twice: true },
  { sequences: true, twice: true },
  { backwards: true, twice: true },
  { sequences: true, backwards: true, twice: true },
];

describe.runIf(existsSync(folder)).each(Object.keys(gates) as CellName[])('Keras 2’s %s', (className) => {
  const fixtures = existsSync(folder)
    ? (JSON.parse(readFileSync(join(folder, `${className}.json`), 'utf8')) as Record<string, Fixture>)
    : {};
  const numbered = cases.map((options, k) => ({ k, options }));
  const configOf = ({ sequences, backwards, sigmoid }: (typeof cases)[number], fixture: Fixture): Config => ({
    units: fixture.weights[1]!.shape[0],
    activation: sigmoid ? 'sigmoid' : 'tanh',
    recurrent_activation: sigmoid ? 'sigmoid' : 'hard_sigmoid',
    return_sequences: sequences === true,
    go_backwards: backwards === true,
    use_bias: fixture.weights.length > 2,
  });
  const convert = (k: number) => {
    const fixture = fixtures[`recurrent.${className}.${k}`]!;
    const weights = fixture.weights.map(({ data, shape }) => ({ shape, values: Float32Array.from(data) }));
    return { fixture, ...networkOf(className, configOf(cases[k]!, fixture), weights, '2.1.2') };
  };

  it.each(numbered)('case $k matches Keras: $options', ({ k, options }) => {
    const { fixture, network, weights } = convert(k);
    const { data, shape } = fixture.input;
    const x = Float32Array.from(options.twice ? [...data, ...data] : data);
    const rows = Array.from({ length: x.length / shape[1]! }, (_, t) =>
      Float64Array.from(x.subarray(t * shape[1]!, (t + 1) * shape[1]!)),
    );
    const runner = runnerOf(network, weights);
    const emitted = runAlone(runner, x);
    runner.release();
    for (const output of [emitted, referenceNetwork(network, weights, rows).output]) {
      const seen = output.slice(options.sequences ? -shape[0]! : -1).flatMap((row) => [...row]);
      expect(seen).toHaveLength(fixture.expected.data.length);
      fixture.expected.data.forEach((value, i) => expect(Math.abs(seen[i]! - value)).toBeLessThan(4e-6));
    }
  });
});
