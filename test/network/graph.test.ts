import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { resolveGraph } from '../../src/network/graph.ts';
import { features, ids, network } from './random-network.ts';

type Layers = Parameters<typeof network>[0];

describe('resolveGraph', () => {
  it('chains unnamed layers and computes their widths', () => {
    const { nodes, causal, inputWidth } = resolveGraph(
      network([
        { type: 'embedding', vocabulary: 10, units: 4 },
        { type: 'recurrent', cell: 'gru', units: 6 },
        { type: 'dense', units: 3 },
      ]),
      ids(10),
    );
    expect(
      nodes.map(({ name, inputs, inputWidths, width }) => ({ name, inputs, inputWidths, width })),
    ).toEqual([
      { name: 'embedding_0', inputs: [-1], inputWidths: [0], width: 4 },
      { name: 'recurrent_1', inputs: [0], inputWidths: [4], width: 6 },
      { name: 'dense_2', inputs: [1], inputWidths: [6], width: 3 },
    ]);
    expect({ causal, inputWidth }).toEqual({ causal: true, inputWidth: 0 });
  });

  it('splits a stack into levels; its readers read the top one', () => {
    const { nodes, causal } = resolveGraph(
      network([
        { type: 'recurrent', name: 'deep', cell: 'lstm', units: 5, layers: 2, bidirectional: true },
        { type: 'dense', units: 1 },
      ]),
      features(3),
    );
    expect(nodes.map(({ name, inputs, inputWidths }) => [name, inputs, inputWidths])).toEqual([
      ['deep.0', [-1], [3]],
      ['deep.1', [0], [10]],
      ['dense_1', [1], [10]],
    ]);
    expect(nodes[1]).toMatchObject({
      tensors: {
        forward: { weightIh: 'deep.1.forward.weight_ih' },
        backward: { biasHh: 'deep.1.backward.bias_hh' },
      },
    });
    expect(causal).toBe(false);
  });

  it('a merge other than concat keeps the width', () => {
    for (const merge of ['sum', 'mul', 'ave'] as const) {
      const layer = { type: 'recurrent', cell: 'gru', units: 5, bidirectional: true, merge } as const;
      expect(resolveGraph(network([layer]), features(2)).nodes[0]!.width).toBe(5);
    }
  });

  it.each<[what: string, layers: Layers, input: 'ids' | 'features', says: string]>([
    [
      'a name used twice',
      [
        { type: 'dense', name: 'a', units: 2 },
        { type: 'dense', name: 'a', units: 2 },
      ],
      'features',
      'layer a: its name is taken',
    ],
    [
      'the name of the network input',
      [{ type: 'dense', name: 'input', units: 2 }],
      'features',
      'layer input',
    ],
    [
      'a crf that is not the last',
      [{ type: 'dense', units: 2 }, { type: 'crf' }, { type: 'dense', units: 2 }],
      'features',
      'layer crf_1: a crf must be the last layer',
    ],
    [
      'a crf over squashed scores',
      [{ type: 'dense', units: 2, activation: 'softmax' }, { type: 'crf' }],
      'features',
      'layer crf_1: a crf must read a dense layer that is linear',
    ],
    [
      'an unknown input',
      [{ type: 'dense', units: 2, inputs: ['no'] }],
      'features',
      'layer dense_0: reads no',
    ],
    [
      'an input that comes later, so that there are no cycles',
      [
        { type: 'dense', name: 'a', units: 2, inputs: ['b'] },
        { type: 'dense', name: 'b', units: 2, inputs: ['a'] },
      ],
      'features',
      'layer a: reads b',
    ],
    [
      'itself as its input',
      [{ type: 'dense', name: 'a', units: 2, inputs: ['a'] }],
      'features',
      'layer a: reads a',
    ],
    [
      'two inputs where one is read',
      [
        { type: 'dense', name: 'a', units: 2 },
        { type: 'dense', name: 'b', units: 2, inputs: ['a', 'input'] },
      ],
      'features',
      'layer b: takes one input, was given 2',
    ],
    [
      'a sum of different widths',
      [
        { type: 'dense', name: 'a', units: 2 },
        { type: 'add', name: 'sum', inputs: ['a', 'input'] },
      ],
      'features',
      'layer sum: adds inputs of different widths: 2, 3',
    ],
    [
      'a product of different widths',
      [
        { type: 'dense', name: 'a', units: 2 },
        { type: 'multiply', name: 'product', inputs: ['a', 'input'] },
      ],
      'features',
      'layer product: multiplies inputs of different widths: 2, 3',
    ],
    [
      'an embedding of features',
      [{ type: 'embedding', vocabulary: 3, units: 2 }],
      'features',
      'layer embedding_0',
    ],
    [
      'a recurrent layer over ids',
      [{ type: 'recurrent', cell: 'gru', units: 2 }],
      'ids',
      'layer recurrent_0: reads ids',
    ],
    ['a dense layer over ids', [{ type: 'dense', units: 2 }], 'ids', 'layer dense_0: reads ids'],
    [
      'an embedding of another layer',
      [
        { type: 'embedding', vocabulary: 3, units: 2 },
        { type: 'embedding', vocabulary: 3, units: 2 },
      ],
      'ids',
      'layer embedding_1',
    ],
    [
      'two embeddings of different vocabularies',
      [
        { type: 'embedding', vocabulary: 3, units: 2 },
        { type: 'embedding', vocabulary: 4, units: 2, inputs: ['input'] },
      ],
      'ids',
      'layer embedding_1: has a vocabulary of 4',
    ],
  ])('refuses %s, naming the layer', (_, layers, input, says) => {
    const resolve = (): unknown => resolveGraph(network(layers), input === 'ids' ? ids(3) : features(3));
    expect(resolve).toThrow(UnrollError);
    expect(resolve).toThrow(says);
    expect(resolve).toThrow(expect.objectContaining({ code: 'invalid_model' }));
  });
});
