import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { modelSpec } from '../../src/network/spec.ts';
import { checkModel } from '../../src/repository/check-model.ts';
import { features, ids, network, randomWeights } from '../network/random-network.ts';
import { classifierSpec } from './model-folders.ts';

type Layers = z.input<typeof modelSpec>['network']['layers'];
type Activation = 'linear' | 'softmax' | 'log_softmax' | 'sigmoid';

const layers = (outputs: number, activation: Activation, bidirectional = false): Layers => [
  { type: 'embedding', vocabulary: 3, units: 2 },
  { type: 'recurrent', cell: 'gru', units: 4, bidirectional },
  { type: 'dense', units: outputs, activation },
];
const numeric = { kind: 'numeric', features: [{ name: 'x' }, { name: 'y' }] };
const numericLayers: Layers = [
  { type: 'recurrent', cell: 'lstm', units: 4 },
  { type: 'dense', units: 1 },
];
const text = (changes: object): object => ({
  kind: 'text',
  vocabulary: 'characters',
  tokens: ['a', 'b', 'c'],
  ...changes,
});

/** Checks a model whose weights match its network. */
function check(changes: { network?: { layers: Layers } } & Record<string, unknown>, width = 2): void {
  const spec = classifierSpec({ network: { layers: layers(2, 'softmax') }, ...changes });
  const readsIds = spec.network.layers[0]!.type === 'embedding';
  checkModel(spec, randomWeights(network(spec.network.layers), readsIds ? ids(3) : features(width)));
}

describe('checkModel', () => {
  it.each<[string, Parameters<typeof check>[0]]>([
    ['classify', {}],
    [
      'classify with several labels',
      { outputs: { labels: ['x', 'y'], multiLabel: true }, network: { layers: layers(2, 'sigmoid') } },
    ],
    ['tag', { task: 'tag', network: { layers: layers(2, 'softmax', true) } }],
    ['tag by log-probabilities', { task: 'tag', network: { layers: layers(2, 'log_softmax', true) } }],
    [
      'generate from log-probabilities',
      { task: 'generate', outputs: {}, network: { layers: layers(3, 'log_softmax') } },
    ],
    ['tag with a CRF', { task: 'tag', network: { layers: [...layers(2, 'linear', true), { type: 'crf' }] } }],
    ['generate', { task: 'generate', outputs: {}, network: { layers: layers(3, 'linear') } }],
    [
      'predict',
      {
        task: 'predict',
        inputs: numeric,
        outputs: { units: [{ name: 'flow' }] },
        network: { layers: numericLayers },
      },
    ],
  ])('accepts a model for %s', (_task, changes) => {
    expect(() => check(changes)).not.toThrow();
  });

  it.each<[what: string, changes: Parameters<typeof check>[0], field: string, says: string]>([
    [
      'too few tokens',
      { inputs: text({ tokens: ['a', 'b'] }) },
      'inputs.tokens',
      '2 tokens, the embedding has a vocabulary of 3',
    ],
    [
      'a duplicate token',
      { inputs: text({ tokens: ['a', 'b', 'a'] }) },
      'inputs.tokens.2',
      'the same token as inputs.tokens.0',
    ],
    [
      'an unknown id past the tokens',
      { inputs: text({ unknown: 3 }) },
      'inputs.unknown',
      'id 3, there are 3 tokens',
    ],
    ['a start id past the tokens', { inputs: text({ start: 9 }) }, 'inputs.start', 'id 9'],
    [
      'text for a network without an embedding',
      { network: { layers: numericLayers } },
      'inputs.kind',
      'the input is text, but the network has no embedding that reads it',
    ],
    [
      'numbers for a network with an embedding',
      { inputs: numeric },
      'inputs.features',
      '2 features per step, the network reads ids',
    ],
    ['no labels', { outputs: {} }, 'outputs.labels', '0 labels, the network has 2 outputs'],
    [
      'too many labels',
      { outputs: { labels: ['a', 'b', 'c'] } },
      'outputs.labels',
      '3 labels, the network has 2',
    ],
    [
      'a duplicate label',
      { outputs: { labels: ['a', 'a'] } },
      'outputs.labels',
      'outputs.labels: contains a label twice',
    ],
    [
      'labels for linear outputs',
      { network: { layers: layers(2, 'linear') } },
      'network.layers',
      'has the activation linear, must be softmax or log_softmax for these labels',
    ],
    [
      'multiLabel with a softmax',
      { outputs: { labels: ['a', 'b'], multiLabel: true } },
      'network.layers',
      'must be sigmoid',
    ],
    [
      'the task tag with a numeric input',
      {
        task: 'tag',
        inputs: numeric,
        network: { layers: [numericLayers[0]!, { type: 'dense', units: 2, activation: 'softmax' }] },
      },
      'inputs.kind',
      'tag needs text',
    ],
    [
      'a crf for the task classify',
      { task: 'classify', network: { layers: [...layers(2, 'linear'), { type: 'crf' }] } },
      'network.layers',
      'a crf layer needs the task tag without multiLabel',
    ],
    [
      'the task generate with fewer outputs than tokens',
      { task: 'generate' },
      'network.layers',
      '2 outputs, must be one for each of 3 tokens',
    ],
    [
      'the task generate with a bidirectional network',
      { task: 'generate', network: { layers: layers(3, 'softmax', true) } },
      'network.layers',
      'a network that reads later steps cannot generate',
    ],
    [
      'the task generate with sigmoid outputs',
      { task: 'generate', network: { layers: layers(3, 'sigmoid') } },
      'network.layers',
      'must be softmax, log_softmax or linear',
    ],
    [
      'another number of units than outputs',
      { task: 'predict', inputs: numeric, network: { layers: numericLayers }, outputs: { units: [] } },
      'outputs.units',
      '0 units, the network has 1 outputs',
    ],
  ])('refuses %s', (_, changes, field, says) => {
    expect(() => check(changes)).toThrow(says);
    expect(() => check(changes)).toThrow(expect.objectContaining({ code: 'invalid_model', field }));
  });

  it('refuses another number of features than the network reads', () => {
    const changes = { task: 'predict', inputs: numeric, outputs: {}, network: { layers: numericLayers } };
    expect(() => check(changes, 5)).toThrow('2 features per step, the network reads 5');
  });
});

describe('the tokens of a text', () => {
  it('may be empty for id 0, which is padding, only', () => {
    expect(() => check({ inputs: text({ tokens: ['', 'b', 'c'] }) })).not.toThrow();
    expect(() => check({ inputs: text({ tokens: ['a', '', 'c'] }) })).toThrow(
      'model.json: inputs.tokens.1: empty, only that of id 0 may be',
    );
  });

  it('have no fixed number where the model continues them', () => {
    const generates = {
      task: 'generate',
      inputs: text({ length: 4 }),
      outputs: {},
      network: { layers: layers(3, 'softmax') },
    };
    expect(() => check(generates)).toThrow('inputs.length: not allowed for the task generate');
  });
});
