import { expect, it } from 'vitest';
import { checkTrainingSpec } from '../../src/training/check-spec.ts';
import { trainingSpec } from '../../src/training/training-spec.ts';

const layers = (...list: object[]) => ({ network: { layers: list } });
const embedding = { type: 'embedding', units: 4 };
const gru = { type: 'recurrent', cell: 'gru', units: 4 };
const spec = (more: object = {}) =>
  trainingSpec.parse({
    model: 'm',
    task: 'classify',
    data: { dataset: 'd' },
    ...layers(embedding, gru, { type: 'dense' }),
    ...more,
  });

it.each([
  [
    'an unknown cell',
    layers(embedding, { ...gru, cell: 'lstmm' }, { type: 'dense' }),
    'network.layers.1.cell',
  ],
  [
    'a wrong number of units',
    layers(embedding, { ...gru, units: 0 }, { type: 'dense' }),
    'network.layers.1.units',
  ],
  ['a misspelt option', layers(embedding, { ...gru, unit: 4 }, { type: 'dense' }), 'network.layers.1'],
  ['an input that is no layer', layers(embedding, gru, { type: 'dense', inputs: ['nowhere'] }), undefined],
  ['a frozen layer that is none', { frozen: ['letters'] }, 'frozen'],
  ['no network', { network: undefined }, 'network'],
  [
    'an encoder for classify',
    { network: { layers: [embedding, gru], encoder: { layers: [embedding] } } },
    'network.encoder',
  ],
  ['a crf for classify', layers(embedding, gru, { type: 'dense' }, { type: 'crf' }), 'network.layers.3'],
  ['a loss of another task', { hyperparameters: { loss: { type: 'huber' } } }, 'hyperparameters.loss.type'],
  ['units of outputs for classify', { outputs: { units: ['a'] } }, 'outputs.units'],
  ['a series for classify', { series: { window: 2, horizon: 1 } }, 'series'],
  [
    'weights of classes for predict',
    { task: 'predict', hyperparameters: { class_weights: 'balanced' } },
    'hyperparameters.class_weights',
  ],
  [
    'a weight of no label',
    { outputs: { labels: ['x'] }, hyperparameters: { class_weights: { y: 1 } } },
    'hyperparameters.class_weights.y',
  ],
  [
    'scheduled sampling for classify',
    { hyperparameters: { scheduled_sampling: 0.5 } },
    'hyperparameters.scheduled_sampling',
  ],
  ['numbers for tag', { task: 'tag', inputs: { kind: 'numeric' } }, 'inputs.kind'],
  ['a wrong default of decoding', { decoding: { temperature: 'hot' } }, 'decoding.temperature'],
  ['a network beside a base', { base: 'm@1' }, 'network'],
])('refuses %s, naming the field', (_, more, field) => {
  expect(() => checkTrainingSpec(spec(more))).toThrow(
    expect.objectContaining({ code: 'invalid_request', ...(field !== undefined && { field }) }),
  );
});

it('accepts what depends on the data', () => {
  expect(() => checkTrainingSpec(spec())).not.toThrow();
  expect(() => checkTrainingSpec(spec({ network: undefined, base: 'm@1' }))).not.toThrow();
  // a sum with the features, whose number the data tells
  const residual = layers(
    { ...gru, name: 'read' },
    { type: 'add', inputs: ['read', 'input'] },
    { type: 'dense' },
  );
  expect(() => checkTrainingSpec(spec({ ...residual, inputs: { kind: 'numeric' } }))).not.toThrow();
});
