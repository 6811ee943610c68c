import { describe, expect, it } from 'vitest';
import type { Hdf5 } from '../../../src/formats/keras/hdf5-reader.ts';
import { toOperatorNetwork } from './to-operator-network.ts';
import { referenceNetwork } from '../../../src/network/reference-network.ts';
import { readLayerWeights } from '../../../src/formats/keras/layer-weights.ts';
import { listLayers, mapLayers, parseTopology } from '../../../src/formats/keras/topology.ts';

// Models nested in models. Those of TensorFlow.js are in ../tfjs.

const layer = (class_name: string, name: string, inbound: unknown[] = [], config: object = {}): object => ({
  class_name,
  name,
  config: { name, ...config },
  inbound_nodes: inbound.length > 0 ? [inbound] : [],
});
const model = (layers: object[], inputs: unknown[], outputs: unknown[]): object => ({
  layers,
  input_layers: inputs,
  output_layers: outputs,
});
const from = (name: string, tensor = 0): unknown[] => [name, 0, tensor, {}];

const inner = model(
  [
    layer('InputLayer', 'b'),
    layer('InputLayer', 'a'),
    layer('Dense', 'left', [from('a')]),
    layer('Dense', 'right', [from('b')]),
  ],
  [from('a'), from('b')],
  [from('left'), from('right')],
);
const outer = {
  class_name: 'Functional',
  config: model(
    [
      layer('InputLayer', 'x'),
      layer('Dense', 'before', [from('x')]),
      layer('Functional', 'both', [from('x'), from('before')], inner),
      layer('Add', 'sum', [from('both', 1), from('both')]),
    ],
    [from('x')],
    [from('sum')],
  ),
};

/** Converts a model whose Dense layers double, or negate by their names, one column. */
function compute(json: unknown, rows: number[]): number[] {
  const topology = mapLayers(parseTopology(json), (one) => ({
    ...one,
    weights:
      one.className === 'Dense'
        ? [{ shape: [1, 1], values: Float32Array.of(one.name.startsWith('negate') ? -1 : 2) }]
        : [],
    config: { ...one.config, use_bias: false },
  }));
  const model = { version: '2.15.0', topology };
  const { network, weights } = toOperatorNetwork(model);
  return referenceNetwork(
    network,
    weights,
    rows.map((row) => Float64Array.of(row)),
  ).output.map((row) => row[0]!);
}
const input = (name: string): object => layer('InputLayer', name, [], { batch_shape: [null, null, 1] });

describe('a nested model', () => {
  it('is connected to its inputs and consumers by their order', () => {
    // left doubles the second input, right negates the first
    const nested = model(
      [
        layer('InputLayer', 'b'),
        layer('InputLayer', 'a'),
        layer('Dense', 'left', [from('a')]),
        layer('Dense', 'negate', [from('b')]),
      ],
      [from('a'), from('b')],
      [from('left'), from('negate')],
    );
    const whole = {
      class_name: 'Functional',
      config: model(
        [
          input('x'),
          layer('Dense', 'before', [from('x')]),
          layer('Functional', 'both', [from('x'), from('before')], nested),
          layer('Subtract', 'difference', [from('both', 1), from('both')]),
        ],
        [from('x')],
        [from('difference')],
      ),
    };
    // negate(2x) − left(x)
    expect(compute(whole, [1, -3])).toEqual([-4, 12]);
  });

  it('is run at each of its calls', () => {
    const nested = { layers: [layer('Dense', 'double')] };
    const whole = {
      class_name: 'Functional',
      config: model(
        [
          input('x'),
          {
            ...layer('Sequential', 'twice', [], nested),
            inbound_nodes: [[from('x')], [['twice', 1, 0, {}]]],
          },
          layer('Subtract', 'difference', [
            ['twice', 2, 0, {}],
            ['twice', 1, 0, {}],
          ]),
        ],
        [from('x')],
        [from('difference')],
      ),
    };
    // Keras numbers the calls of a model from 1: 4x − 2x
    expect(compute(whole, [1, 5])).toEqual([2, 10]);
  });

  it('in first place has the input of the whole model', () => {
    const first = {
      class_name: 'Sequential',
      config: { layers: [layer('Dense', 'deep', [], { batch_input_shape: [null, null, 1] })] },
    };
    expect(compute({ class_name: 'Sequential', config: [first, layer('Dense', 'last')] }, [3])).toEqual([12]);
  });

  it('finds its weights in HDF5 of Keras 2 and of Keras 3', () => {
    const layers = listLayers(parseTopology(outer));
    const tensor = (value: number) => ({ shape: [1], values: Float32Array.of(value) });
    const two: Hdf5 = {
      arrays: new Map([
        ['model_weights/before/before/kernel:0', tensor(1)],
        ['model_weights/both/left/kernel:0', tensor(2)],
        ['model_weights/both/right/kernel:0', tensor(3)],
      ]),
      attributes: new Map([
        ['model_weights', new Map([['layer_names', ['x', 'before', 'both', 'sum']]])],
        ['model_weights/before', new Map([['weight_names', ['before/kernel:0']]])],
        ['model_weights/both', new Map([['weight_names', ['left/kernel:0', 'right/kernel:0']]])],
      ]),
    };
    const three: Hdf5 = {
      arrays: new Map([
        ['layers/dense/vars/0', tensor(1)],
        ['layers/functional/layers/dense/vars/0', tensor(2)],
        ['layers/functional/layers/dense_1/vars/0', tensor(3)],
      ]),
      attributes: new Map(),
    };
    for (const file of [two, three])
      expect(readLayerWeights(file, layers).map((own) => own.map(({ values }) => values[0]))).toEqual([
        [],
        [1],
        [],
        [],
        [2],
        [3],
        [],
      ]);
  });

  it.each<[string, object, RegExp]>([
    [
      'where two layers have one name',
      {
        class_name: 'Sequential',
        config: [{ class_name: 'Sequential', config: [layer('Dense', 'one'), layer('Dense', 'one')] }],
      },
      /two layers have the name "one"/,
    ],
    [
      'where it lacks an output that is read',
      {
        class_name: 'Functional',
        config: model(
          [
            input('x'),
            layer(
              'Functional',
              'm',
              [from('x')],
              model([layer('InputLayer', 'i')], [from('i')], [from('i')]),
            ),
          ],
          [from('x')],
          [from('m', 3)],
        ),
      },
      /the output 3 of "m" is computed by no layer/,
    ],
    [
      'where it reads fewer inputs than it has',
      {
        class_name: 'Functional',
        config: model([input('x'), layer('Functional', 'm', [from('x')], inner)], [from('x')], [from('m')]),
      },
      /"m" \(Functional\): a model of 2 inputs is called with 1/,
    ],
    ['where models stand in models without end', deep(12), /models are nested more than 8 deep/],
    [
      'where it has no layers',
      { class_name: 'Sequential', config: [{ class_name: 'Sequential', config: [] }] },
      /a model of 0 layers/,
    ],
  ])('is refused %s', (_, json, says) => {
    expect(() => compute(json, [1])).toThrow(says);
  });
});

function deep(levels: number): object {
  const inside = levels === 0 ? layer('Dense', 'deepest') : deep(levels - 1);
  return { class_name: 'Sequential', config: { name: `m${levels}`, layers: [inside] } };
}
