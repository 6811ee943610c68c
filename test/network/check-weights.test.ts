import { describe, expect, it } from 'vitest';
import { checkTensors } from '../../src/network/check-weights.ts';
import { resolveGraph } from '../../src/network/graph.ts';
import type { Tensor } from '../../src/network/weights.ts';
import { ids, network, randomWeights } from './random-network.ts';

const spec = network([
  { type: 'embedding', name: 'letters', vocabulary: 7, units: 3 },
  { type: 'recurrent', name: 'read', cell: 'lstm', units: 2, layers: 2 },
  { type: 'dense', name: 'classes', units: 4 },
]);
const owners = resolveGraph(spec, ids(7)).nodes.map(({ name, shapes }) => [`layer ${name}`, shapes] as const);
const weights = (): Map<string, Tensor> => new Map(randomWeights(spec, ids(7)));
const tensor = (...shape: number[]): Tensor => ({
  shape,
  values: new Float32Array(shape.reduce((product, size) => product * size, 1)),
});

describe('checkTensors', () => {
  it('accepts weights that match', () => {
    expect(() => checkTensors(owners, weights())).not.toThrow();
  });

  it.each([
    ['letters.weight', tensor(8, 3), 'layer letters: tensor letters.weight must be [7, 3], is [8, 3]'],
    [
      'read.0.forward.weight_ih',
      tensor(8, 2),
      'layer read.0: tensor read.0.forward.weight_ih must be [8, 3], is [8, 2]',
    ],
    [
      'read.1.forward.weight_ih',
      tensor(6, 2),
      'layer read.1: tensor read.1.forward.weight_ih must be [8, 2], is [6, 2]',
    ],
    ['classes.bias', tensor(4, 1), 'layer classes: tensor classes.bias must be [4], is [4, 1]'],
  ])('names the layer, the tensor and both shapes of a wrong %s', (name, wrong, says) => {
    const seen = weights().set(name, wrong);
    expect(() => checkTensors(owners, seen)).toThrow(says);
    expect(() => checkTensors(owners, seen)).toThrow(expect.objectContaining({ code: 'invalid_weights' }));
  });

  it('names a missing tensor', () => {
    const seen = weights();
    seen.delete('read.1.forward.bias_hh');
    expect(() => checkTensors(owners, seen)).toThrow(
      'layer read.1: tensor read.1.forward.bias_hh [8] is missing',
    );
  });

  it('names tensors that belong to no layer', () => {
    const seen = weights().set('extra.weight', tensor(1));
    expect(() => checkTensors(owners, seen)).toThrow('1 tensors belong to no layer: extra.weight');
  });
});
