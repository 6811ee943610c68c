import type { NetworkInput } from '../../src/network/input.ts';
import type { NetworkSpec } from '../../src/network/spec.ts';
import type { Weights } from '../../src/network/weights.ts';
import { cellVariants } from '../../test/network/cell-variants.ts';
import { operatorGraphs } from '../../test/network/operator-graphs.ts';
import { features, ids, network, randomWeights } from '../../test/network/random-network.ts';
import { learningCases, createWeights } from '../../test/training/networks.ts';
import type { Random } from '../random.ts';
import { randomLayers } from './random-layers.ts';

export interface StressNetwork {
  readonly name: string;
  readonly kind: 'outputs' | 'generate' | 'decode';
  readonly spec: NetworkSpec;
  /** Input of the network; of the encoder, for an encoder-decoder. */
  readonly input: NetworkInput;
  readonly weights: Weights;
  readonly options: {
    readonly tokens?: readonly string[];
    readonly startId?: number;
    readonly endId?: number;
  };
  readonly shortest: number;
  readonly longest: number;
}

const vocabulary = 20;
const tokens = Array.from({ length: vocabulary }, (_, id) => String.fromCharCode(97 + id));
const embedding = { type: 'embedding', vocabulary, units: 8 } as const;
const softmax = { type: 'dense', units: vocabulary, activation: 'softmax' } as const;
const longest = 3000;

type Layers = Parameters<typeof network>[0];

/** Networks that the generator does not create: graphs of layers, and layers other than recurrent ones. */
const fixedNetworks: readonly { name: string; layers: Layers; input: NetworkInput; longest?: number }[] = [
  {
    name: 'bidirectional, merged at the ends',
    layers: [
      embedding,
      { type: 'recurrent', cell: 'gru', units: 9, bidirectional: true, backward_at: 'first' },
      { type: 'pool', mode: 'last' },
      { type: 'dense', units: 4 },
    ],
    input: ids(vocabulary),
    longest: 800,
  },
  {
    name: 'causal convolutions and a product',
    layers: [
      { type: 'conv1d', name: 'near', units: 9, kernel: 3, activation: 'relu' },
      { type: 'conv1d', name: 'far', units: 17, kernel: 2, dilation: 11, activation: 'tanh' },
      { type: 'conv1d', name: 'gate', units: 6, kernel: 1, activation: 'sigmoid' },
      { type: 'recurrent', name: 'cells', cell: 'lstm', units: 6, inputs: ['far'] },
      { type: 'multiply', inputs: ['gate', 'cells'] },
    ],
    input: features(3),
  },
  {
    name: 'centred convolution and layer norm',
    layers: [
      { type: 'conv1d', units: 9, kernel: 5, padding: 'same', activation: 'relu' },
      { type: 'recurrent', cell: 'gru', units: 7 },
      { type: 'layer_norm' },
      { type: 'dense', units: 3 },
    ],
    input: features(4),
    longest: 800,
  },
  {
    name: 'attention pool over a concatenation',
    layers: [
      { type: 'embedding', name: 'words', vocabulary, units: 7 },
      { type: 'recurrent', name: 'cells', cell: 'gru', units: 12 },
      { type: 'concat', name: 'all', inputs: ['words', 'cells'] },
      { type: 'pool', mode: 'attention' },
      { type: 'dense', units: 5, activation: 'softmax' },
    ],
    input: ids(vocabulary),
  },
];

/**
 * Networks of every kind: fixed, random, every cell's options, operator graphs, generators and
 * encoder-decoders.
 */
export function createNetworks(random: Random): StressNetwork[] {
  const networks: StressNetwork[] = [];
  const add = (
    name: string,
    spec: NetworkSpec,
    input: NetworkInput,
    more: Partial<StressNetwork> = {},
  ): void => {
    const weights = randomWeights(spec, input, random.int(1, 1e6));
    networks.push({
      name,
      kind: 'outputs',
      spec,
      input,
      weights,
      options: {},
      shortest: 1,
      longest,
      ...more,
    });
  };
  for (const { name, layers, input, longest: own = longest } of fixedNetworks)
    add(name, network(layers), input, { longest: own });
  for (let i = 0; i < 8; i++) {
    const { layers, input, causal } = randomLayers(random);
    add(`random ${i}: ${JSON.stringify(layers)}`, network(layers), input, {
      longest: causal ? longest : 800,
    });
  }
  for (const [name, cell] of Object.entries(cellVariants))
    add(
      name,
      network([
        { type: 'recurrent', ...cell, units: random.pick([5, 17, 33, 64]), layers: random.int(1, 2) },
        { type: 'dense', units: 3 },
      ]),
      features(4),
      { longest: 1200 },
    );
  for (const [name, { spec, input }] of Object.entries(operatorGraphs))
    add(name, spec, input, { shortest: 6, longest: 60 });
  for (const [units, layers] of [
    [24, 1],
    [96, 2],
  ] as const)
    add(
      `generator of ${layers} × ${units}`,
      network([embedding, { type: 'recurrent', cell: 'lstm', units, layers }, softmax]),
      ids(vocabulary),
      { kind: 'generate', options: { tokens }, longest: 60 },
    );
  for (const one of learningCases.filter(({ source }) => source !== undefined))
    networks.push({
      name: one.name,
      kind: 'decode',
      spec: one.spec,
      input: one.source!,
      weights: createWeights(one),
      options: { tokens: ['<s>', '</s>', 'a', 'b', 'c'], startId: 0, endId: 1 },
      shortest: 1,
      longest: 90,
    });
  return networks;
}
