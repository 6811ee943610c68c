import { describe, expect, it } from 'vitest';
import { resolveGraph } from '../../src/network/graph.ts';
import { getCellOptions, describeOptions } from '../../src/cells/recurrent-options.ts';
import type { RecurrentSpec } from '../../src/network/layers/recurrent/schema.ts';
import { layerSpec } from '../../src/network/spec.ts';
import { features, network } from '../network/random-network.ts';

const layer = (fields: object): RecurrentSpec =>
  layerSpec.parse({ type: 'recurrent', units: 2, ...fields }) as RecurrentSpec;

describe('the options of a recurrent layer', () => {
  it('are those of the published cell by default', () => {
    expect(getCellOptions(layer({ cell: 'lstm' }), 'forward')).toEqual({
      gate: { type: 'sigmoid', alpha: 0, beta: 0 },
      candidate: { type: 'tanh', alpha: 0, beta: 0 },
      output: { type: 'tanh', alpha: 0, beta: 0 },
      clip: null,
      inputForget: false,
      peepholes: false,
    });
    expect(getCellOptions(layer({ cell: 'rnn', activation: 'relu' }), 'forward').candidate.type).toBe('relu');
  });

  it.each([
    ['affine', 1, 0],
    ['leaky_relu', 0.01, 0],
    ['thresholded_relu', 1, 0],
    ['hard_sigmoid', 0.2, 0.5],
    ['elu', 1, 0],
  ])('%s has ONNX’s alpha %d and beta %d', (type, alpha, beta) => {
    const given = layer({ cell: 'gru', activations: { gate: { type } } });
    expect(getCellOptions(given, 'forward').gate).toEqual({ type, alpha, beta });
  });

  it('are replaced as a whole in the backward direction', () => {
    const given = layer({
      cell: 'gru',
      bidirectional: true,
      activations: { gate: { type: 'softsign' } },
      backward_activations: { candidate: { type: 'elu', alpha: 2 } },
    });
    expect(getCellOptions(given, 'forward')).toMatchObject({
      gate: { type: 'softsign' },
      candidate: { type: 'tanh' },
    });
    expect(getCellOptions(given, 'backward')).toMatchObject({
      gate: { type: 'sigmoid' },
      candidate: { type: 'elu', alpha: 2 },
    });
  });

  it('are described for a person', () => {
    const given = layer({
      cell: 'lstm',
      activations: { gate: { type: 'hard_sigmoid', alpha: 1 / 6 }, output: { type: 'softsign' } },
      clip: 3,
      input_forget: true,
      peepholes: true,
      initial_state: true,
    });
    expect(describeOptions(given).join(', ')).toBe(
      'gate hard_sigmoid(0.166667, 0.5), output softsign, clip 3, input-forget gate, peepholes, initial state',
    );
    expect(describeOptions(layer({ cell: 'gru' }))).toEqual([]);
  });

  it.each([
    [{ activations: { gate: { type: 'swish' } } }],
    [{ activations: { gate: { type: 'tanh', alpha: 1 } } }],
    [{ activations: { gate: { type: 'scaled_tanh' } } }],
    [{ activations: { gate: { type: 'elu', alpha: 1e39 } } }],
    [{ activations: { reset: { type: 'tanh' } } }],
    [{ clip: 0 }],
  ])('cannot be %j', (fields) => {
    expect(layerSpec.safeParse({ type: 'recurrent', cell: 'lstm', units: 2, ...fields }).success).toBe(false);
  });

  it.each([
    [{ cell: 'rnn', activations: { gate: { type: 'tanh' } } }, 'activations.gate'],
    [{ cell: 'gru', activations: { output: { type: 'tanh' } } }, 'activations.output'],
    [
      { cell: 'rnn', activation: 'relu', activations: { candidate: { type: 'elu' } } },
      'activations.candidate',
    ],
    [{ cell: 'gru', backward_activations: { gate: { type: 'tanh' } } }, 'backward_activations'],
    [{ cell: 'gru', input_forget: true }, 'input_forget'],
    [{ cell: 'rnn', peepholes: true }, 'peepholes'],
  ])('are refused by field where the cell has no such thing: %j', (fields, field) => {
    const spec = network([{ type: 'recurrent', name: 'r', units: 2, ...fields } as never]);
    expect(() => resolveGraph(spec, features(3))).toThrow(
      expect.objectContaining({ code: 'invalid_model', field: `network.layers.0.${field}` }),
    );
    expect(() => resolveGraph(spec, features(3))).toThrow(`layer r: ${field}: `);
  });
});
