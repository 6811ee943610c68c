import { z } from 'zod';
import type { KernelFunctions } from '../../kernel/instantiate.ts';
import type { Plan } from '../../network/layers/layer.ts';
import type { Targets } from '../batch.ts';
import type { Block } from '../../network/learning/layer.ts';

/** The loss to minimise. Means, masks and class weights are applied as target weights (batch.ts). */
export const lossSpec = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('softmax_cross_entropy').describe('For one class of several; nats'),
    label_smoothing: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe('Share of a target that is spread over all classes'),
  }),
  z.strictObject({
    type: z.literal('sigmoid_cross_entropy').describe('For labels that may apply together; nats'),
  }),
  z.strictObject({
    type: z.literal('crf').describe('−ln p(labels of the sequence), for a network that ends in a crf'),
  }),
  z.strictObject({ type: z.literal('mean_squared').describe('The mean of the squared errors') }),
  z.strictObject({ type: z.literal('mean_absolute').describe('The mean of the absolute errors') }),
  z.strictObject({
    type: z.literal('huber').describe('Squared for small errors, absolute for large ones'),
    delta: z.number().positive().default(1).describe('The error from which it is absolute'),
  }),
]);
export type LossSpec = z.infer<typeof lossSpec>;

/**
 * Computes Σ weight · loss over packed steps; a step's loss is the mean over its outputs. The crf loss is
 * over whole sequences, each weighted by its first step's weight. Overwrites the logits with their gradient,
 * and columns past the width with zeros.
 * @param logits [rows, padded(width)], before the activation
 */
export type Loss = (functions: KernelFunctions, logits: Block, targets: Targets, plan: Plan) => number;
