import { z } from 'zod';
import type { KernelFunctions } from '../../kernel/instantiate.ts';
import type { Plan } from '../../network/layers/layer.ts';
import type { Targets } from '../batch.ts';
import type { Block } from '../../network/learning/layer.ts';

/** What training makes small. A mean, a mask and class weights are the targets' weights (batch.ts). */
export const lossSpec = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('softmax_cross_entropy'),
    label_smoothing: z.number().min(0).lt(1).default(0),
  }),
  z.strictObject({ type: z.literal('sigmoid_cross_entropy') }),
  /** −ln p(labels of the sequence), for a network that ends in a crf. */
  z.strictObject({ type: z.literal('crf') }),
  z.strictObject({ type: z.literal('mean_squared') }),
  z.strictObject({ type: z.literal('mean_absolute') }),
  z.strictObject({ type: z.literal('huber'), delta: z.number().positive().default(1) }),
]);
export type LossSpec = z.infer<typeof lossSpec>;

/**
 * Σ over packed steps of weight · loss; for several outputs a step's loss is the mean over them. A crf's is a loss of whole
 * sequences, each of which weighs as much as its first step. The gradient takes the place of the logits; columns past the
 * width hold zeros after.
 * @param logits [rows, padded(width)], before any squashing
 */
export type Loss = (functions: KernelFunctions, logits: Block, targets: Targets, plan: Plan) => number;
