import { describe, expect, it } from 'vitest';
import type { Hdf5 } from '../../../src/formats/keras/hdf5-reader.ts';
import { readLayerWeights } from '../../../src/formats/keras/layer-weights.ts';
import { parseTopology } from '../../../src/formats/keras/topology.ts';

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

describe('a nested model', () => {
  it('is replaced by its layers, connected to its inputs and consumers', () => {
    const { layers, outputs } = parseTopology(outer);
    const reads = layers.map(({ name, inputs }) => [name, inputs.map((one) => one.layer)]);
    expect(reads).toEqual([
      ['x', []],
      ['before', ['x']],
      ['left', ['x']],
      ['right', ['before']],
      ['sum', ['right', 'left']],
    ]);
    expect(outputs).toEqual([{ layer: 'sum', tensor: 0 }]);
  });

  it('in first place has the input of the whole model', () => {
    const first = { class_name: 'Sequential', config: { layers: [layer('Dense', 'deep')] } };
    const { layers } = parseTopology({ class_name: 'Sequential', config: [first, layer('Dense', 'last')] });
    expect(layers.map(({ name, inputs }) => [name, inputs.length])).toEqual([
      ['deep', 0],
      ['last', 1],
    ]);
  });

  it('finds its weights in HDF5 of Keras 2 and of Keras 3', () => {
    const { layers } = parseTopology(outer);
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
        [2],
        [3],
        [],
      ]);
  });

  it.each<[string, object, RegExp]>([
    [
      'where a layer of it has another’s name',
      {
        class_name: 'Sequential',
        config: [layer('Dense', 'one'), { class_name: 'Sequential', config: [layer('Dense', 'one')] }],
      },
      /two layers of nested models have the name "one"/,
    ],
    [
      'where it lacks an output that is read',
      {
        class_name: 'Functional',
        config: model(
          [
            layer('InputLayer', 'x'),
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
      /the model "m" has no output 3/,
    ],
    [
      'where it reads fewer inputs than it has',
      {
        class_name: 'Functional',
        config: model(
          [layer('InputLayer', 'x'), layer('Functional', 'm', [from('x')], inner)],
          [from('x')],
          [from('m')],
        ),
      },
      /a nested model has 2 inputs, but is called with 1/,
    ],
    ['where models stand in models without end', deep(12), /models are nested more than 8 deep/],
    [
      'where it has no layers',
      { class_name: 'Sequential', config: [{ class_name: 'Sequential', config: [] }] },
      /a model of 0 layers/,
    ],
  ])('is refused %s', (_, json, says) => {
    expect(() => parseTopology(json)).toThrow(says);
  });
});

function deep(levels: number): object {
  const inside = levels === 0 ? layer('Dense', 'deepest') : deep(levels - 1);
  return { class_name: 'Sequential', config: { name: `m${levels}`, layers: [inside] } };
}
