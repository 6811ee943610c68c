import { z } from 'zod';
import { cellNames } from '../../../cells/registry.ts';
import { cellFields } from './cell-fields.ts';
import { placed, units } from '../fields.ts';

export const recurrentSchema = z.strictObject({
  type: z.literal('recurrent'),
  ...placed,
  cell: z.enum(cellNames),
  units,
  /** Plain RNN only. */
  activation: z.enum(['tanh', 'relu']).default('tanh'),
  ...cellFields,
  /** GRU only: the reset gate applied before the recurrent product (Cho et al. 2014) or after it (cuDNN, PyTorch). */
  reset: z.enum(['before', 'after']).default('after'),
  layers: z.int().min(1).max(16).default(1),
  bidirectional: z.boolean().default(false),
  merge: z.enum(['concat', 'sum', 'mul', 'ave']).default('concat'),
  /** bidirectional: the backward output beside a step's forward one: of that step, or of the first step, where that direction ends. */
  backward_at: z.enum(['step', 'first']).default('step'),
  /** Training only: share of h that no step of a sequence sees through the recurrent product (Gal and Ghahramani 2016). */
  recurrent_dropout: z.number().min(0).lt(1).default(0),
});
export type RecurrentSpec = z.infer<typeof recurrentSchema>;
