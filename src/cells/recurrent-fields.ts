import { z } from 'zod';
import { cellNames } from './registry.ts';
import { maxUnits } from './max-units.ts';

// The fields of a recurrent layer in model.json. Those of its cell's options are ONNX's attributes of RNN,
// GRU and LSTM; which cell supports which is in the cell's own file.

/** float32's range. */
const number = z.number().min(-3.4028234663852886e38).max(3.4028234663852886e38);

/** One of ONNX's eleven, with ONNX's defaults of alpha and beta; `affine` is linear without them. */
const cellActivation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.enum(['tanh', 'sigmoid', 'relu', 'softsign', 'softplus']) }),
  z.strictObject({ type: z.enum(['leaky_relu', 'thresholded_relu', 'elu']), alpha: number.optional() }),
  z.strictObject({
    type: z.enum(['affine', 'hard_sigmoid']),
    alpha: number.optional(),
    beta: number.optional(),
  }),
  z.strictObject({ type: z.literal('scaled_tanh'), alpha: number, beta: number }),
]);

const activations = z.strictObject({
  /** Of the gates; default sigmoid. */
  gate: cellActivation.optional(),
  /** Of the candidate (an LSTM's g, a GRU's n, a plain RNN's h); default tanh. */
  candidate: cellActivation.optional(),
  /** Of c before the output gate; default tanh. */
  output: cellActivation.optional(),
});

const cellFields = {
  activations: activations.optional(),
  /** bidirectional: of the backward direction, where they differ from the forward ones. */
  backward_activations: activations.optional(),
  /** Sums of gates and candidates are clipped to ± this before their activation; c is not. */
  clip: number.positive().optional(),
  /** The forget gate is 1 − the input gate. */
  input_forget: z.boolean().optional(),
  /** Gates see c, through the tensor `peephole` of a direction: of an LSTM [3·units], i, f, o. */
  peepholes: z.boolean().optional(),
  /**
   * A sequence starts from the tensors `initial_h` [units] and, of cells with c, `initial_c` [units] of a
   * direction, rather than from 0.
   */
  initial_state: z.boolean().optional(),
};

export const recurrentFields = {
  cell: z.enum(cellNames),
  units: z.int().min(1).max(maxUnits),
  /** Plain RNN only. */
  activation: z.enum(['tanh', 'relu']).default('tanh'),
  ...cellFields,
  /**
   * GRU only: the reset gate applied before the recurrent product (Cho et al. 2014) or after it (cuDNN,
   * PyTorch).
   */
  reset: z.enum(['before', 'after']).default('after'),
  layers: z.int().min(1).max(16).default(1),
  bidirectional: z.boolean().default(false),
  merge: z.enum(['concat', 'sum', 'mul', 'ave']).default('concat'),
  /**
   * bidirectional: beside a step's forward output stands the backward one of that step, or where that
   * direction ends: of the first.
   */
  backward_at: z.enum(['step', 'first']).default('step'),
  /**
   * Training only: share of h that no step of a sequence sees through the recurrent product (Gal and
   * Ghahramani 2016).
   */
  recurrent_dropout: z.number().min(0).lt(1).default(0),
};

/** What a recurrent layer is, without its place in a network. */
export const recurrentFieldsSchema = z.strictObject(recurrentFields);
export type RecurrentFields = z.infer<typeof recurrentFieldsSchema>;
export type CellActivationSpec = z.infer<typeof cellActivation>;
export type CellActivationsSpec = z.infer<typeof activations>;
