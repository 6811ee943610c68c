import { z } from 'zod';
import { gateOrders } from '../cells/gate-orders.ts';
import { weightsFile } from '../model-files.ts';

// The field `weights` of model.json: maps the arrays of an imported file to a network's tensors.

const array = z.strictObject({
  array: z.string().min(1),
  /** [in, out] as Keras has matrices, rather than [out, in]. */
  transpose: z.boolean().default(false),
  /**
   * Matrices of a recurrent layer: cudnn where Keras saved a CuDNN layer, which stores cuDNN's matrices under
   * another shape.
   */
  layout: z.enum(['matrix', 'cudnn']).default('matrix'),
  /** Order of gate blocks; by default PyTorch's. */
  gates: z.enum(gateOrders).default('pytorch'),
  /**
   * One row of a matrix, or of a vector of rows end to end: Keras' GRU and its CuDNN layers keep their two
   * biases in one.
   */
  row: z.int().min(0).optional(),
});

export const weightSource = z.strictObject({
  /** A file beside model.json, of any format that has arrays by name. */
  file: z
    .string()
    .regex(/^[^./\\:\p{Cc}][^/\\:\p{Cc}]{0,254}$/u, 'must be the name of a file beside model.json')
    .default(weightsFile),
  /** Names of layers in the file: if `read` is `rnn.0`, its tensors are `rnn.0.weight_ih_l0` and so on. */
  layers: z.record(z.string(), z.string()).default({}),
  /** The array of each tensor; 0 for zeros. */
  tensors: z.record(z.string(), z.union([z.string().min(1), z.literal(0), array])).default({}),
});
export type WeightSource = z.infer<typeof weightSource>;
