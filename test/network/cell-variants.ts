import type { z } from 'zod';
import type { networkSpec } from '../../src/network/spec.ts';

type LayerInput = z.input<typeof networkSpec>['layers'][number];
type RecurrentInput = Extract<LayerInput, { type: 'recurrent' }>;

/** Recurrent layers that use, between them, every option of every cell. */
export const cellVariants: Readonly<Record<string, Omit<RecurrentInput, 'type' | 'units'>>> = {
  'lstm with peepholes from an initial state': { cell: 'lstm', peepholes: true, initial_state: true },
  'lstm with an input-forget gate, clipped': { cell: 'lstm', input_forget: true, clip: 0.4 },
  'lstm with everything at once': {
    cell: 'lstm',
    activations: {
      gate: { type: 'hard_sigmoid', alpha: 1 / 6 },
      candidate: { type: 'softsign' },
      output: { type: 'scaled_tanh', alpha: 1.7159, beta: 2 / 3 },
    },
    clip: 0.9,
    input_forget: true,
    peepholes: true,
    initial_state: true,
  },
  'lstm of softplus, elu and softsign': {
    cell: 'lstm',
    activations: {
      gate: { type: 'softsign' },
      candidate: { type: 'elu', alpha: 0.7 },
      output: { type: 'softplus' },
    },
  },
  'gru reset after with hard gates, clipped': {
    cell: 'gru',
    activations: { gate: { type: 'hard_sigmoid' }, candidate: { type: 'leaky_relu' } },
    clip: 0.6,
    initial_state: true,
  },
  'gru reset before with hard gates, clipped': {
    cell: 'gru',
    reset: 'before',
    activations: { gate: { type: 'hard_sigmoid' }, candidate: { type: 'softsign' } },
    clip: 0.6,
    initial_state: true,
  },
  'gru reset before of elu': {
    cell: 'gru',
    reset: 'before',
    activations: { candidate: { type: 'elu' } },
  },
  'rnn of softplus, clipped, from an initial state': {
    cell: 'rnn',
    activations: { candidate: { type: 'softplus' } },
    clip: 0.5,
    initial_state: true,
  },
  'rnn of thresholded relu': {
    cell: 'rnn',
    // at 0 it is relu: where it jumps, the last bit of a sum decides
    activations: { candidate: { type: 'thresholded_relu', alpha: 0 } },
  },
  'rnn of a line, clipped': {
    cell: 'rnn',
    activations: { candidate: { type: 'affine', alpha: 0.8, beta: 0.1 } },
    clip: 1.5,
  },
  'mingru with hard gates, from an initial state': {
    cell: 'mingru',
    activations: { gate: { type: 'hard_sigmoid' } },
    initial_state: true,
  },
  'cifg of softsign and elu, clipped, from an initial state': {
    cell: 'cifg',
    activations: {
      gate: { type: 'hard_sigmoid' },
      candidate: { type: 'softsign' },
      output: { type: 'elu', alpha: 0.7 },
    },
    clip: 0.9,
    initial_state: true,
  },
  'relu rnn, clipped': { cell: 'rnn', activation: 'relu', clip: 0.3 },
};
