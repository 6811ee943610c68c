import { z } from 'zod';

// Fields of a recurrent layer for its cell's options: ONNX's attributes of RNN, GRU and LSTM. Which cell has which is in its file.

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

export const cellFields = {
  activations: activations.optional(),
  /** bidirectional: of the backward direction, where they differ from the forward ones. */
  backward_activations: activations.optional(),
  /** Sums of gates and candidates are clipped to ± this before their activation; c is not. */
  clip: number.positive().optional(),
  /** The forget gate is 1 − the input gate. */
  input_forget: z.boolean().optional(),
  /** Gates see c, through the tensor `peephole` of a direction: of an LSTM [3·units], i, f, o. */
  peepholes: z.boolean().optional(),
  /** A sequence starts from the tensors `initial_h` [units] and, of cells with c, `initial_c` [units] of a direction, rather than from 0. */
  initial_state: z.boolean().optional(),
};

export type CellActivationSpec = z.infer<typeof cellActivation>;
export type CellActivationsSpec = z.infer<typeof activations>;
