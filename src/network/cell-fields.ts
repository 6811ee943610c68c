import { z } from 'zod';

// What a recurrent layer may say of its cell beyond `cell` and `units`: ONNX's attributes of RNN, GRU and LSTM.

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
  /** Of the gates: sigmoid unless said. A plain RNN has none. */
  gate: cellActivation.optional(),
  /** Of an LSTM's g, a GRU's n, a plain RNN's h: tanh unless said. */
  candidate: cellActivation.optional(),
  /** LSTM only: of c on its way out, tanh unless said. */
  output: cellActivation.optional(),
});

export const cellFields = {
  activations: activations.optional(),
  /** bidirectional: of the backward direction, where they are others than those of the forward one. */
  backward_activations: activations.optional(),
  /** Sums are held within ± this before gates and candidate squash them; an LSTM's c is not. */
  clip: number.positive().optional(),
  /** LSTM only: the forget gate is 1 − the input gate. */
  input_forget: z.boolean().optional(),
  /** LSTM only: gates see c, through the tensor `peephole` [3·units] of a direction: those of i, f, o. */
  peepholes: z.boolean().optional(),
  /** A sequence starts from the tensors `initial_h` [units] and, of an LSTM, `initial_c` [units] of a direction, rather than from 0. */
  initial_state: z.boolean().optional(),
};

export type CellActivationSpec = z.infer<typeof cellActivation>;
export type CellActivationsSpec = z.infer<typeof activations>;
