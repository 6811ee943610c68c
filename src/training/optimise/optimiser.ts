import { z } from 'zod';

const l2 = z
  .number()
  .min(0)
  .max(1)
  .default(0)
  .describe('L2: this times the weight is added to its gradient, for matrices only');
const momentum = z
  .number()
  .min(0)
  .lt(1)
  .default(0)
  .describe('Share of the step before that each step repeats; 0 for none');
const epsilon = z
  .number()
  .positive()
  .default(1e-8)
  .describe('Added to the root of the mean square, so that small gradients are not divided by zero');
export const optimiserSpec = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('sgd').describe('Stochastic gradient descent'),
      momentum,
      nesterov: z.boolean().default(false).describe('Looks ahead by the momentum; needs one'),
      weight_decay: l2,
    })
    .refine(({ momentum, nesterov }) => momentum > 0 || !nesterov, 'nesterov needs momentum'),
  z.strictObject({
    type: z.literal('rmsprop').describe('Divides a gradient by the root of the mean of its squares'),
    alpha: z.number().min(0).lt(1).default(0.99).describe('Weight of the past in that mean'),
    epsilon,
    momentum,
    weight_decay: l2,
  }),
  z.strictObject({
    type: z
      .enum(['adam', 'adamw'])
      .describe('Means of the gradients and of their squares; adamw decays weights apart from them'),
    beta1: z.number().min(0).lt(1).default(0.9).describe('Weight of the past in the mean of the gradients'),
    beta2: z.number().min(0).lt(1).default(0.999).describe('Weight of the past in the mean of their squares'),
    epsilon,
    // decoupled: Loshchilov and Hutter 2019
    weight_decay: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe(
        'adam: L2, added to the gradient; adamw: this share of the step is taken off the weight. Matrices only',
      ),
  }),
]);
export type OptimiserSpec = z.infer<typeof optimiserSpec>;

export interface Optimiser {
  /** Number of updates so far. */
  readonly updates: number;
  /** Numbers that each parameter keeps between updates, in memory that all threads share. */
  readonly slots: readonly (readonly Float32Array[])[];
  /** The same to store for bit-identical resuming, by name. */
  readonly state: ReadonlyMap<string, Float32Array>;
  restore(updates: number, state: ReadonlyMap<string, Float32Array>): void;
  /** Counts an update, which `applyUpdate` then does to any part of the parameters, in any order. */
  next(rate: number, scale?: number, limit?: number): Update;
}

/** One update of all parameters. Plain data, to be posted. */
export interface Update {
  /** Updates including this one. */
  readonly updates: number;
  readonly rate: number;
  /** Factor of the gradients. */
  readonly scale: number;
  /** Bound of each scaled gradient. */
  readonly limit: number;
}
