import { z } from 'zod';

const decay = z.number().min(0).max(1).default(0);
export const optimiserSpec = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('sgd'),
      momentum: z.number().min(0).lt(1).default(0),
      nesterov: z.boolean().default(false),
      /** L2: added to the gradient of matrices. */
      weight_decay: decay,
    })
    .refine(({ momentum, nesterov }) => momentum > 0 || !nesterov, 'nesterov needs momentum'),
  z.strictObject({
    type: z.literal('rmsprop'),
    alpha: z.number().min(0).lt(1).default(0.99),
    epsilon: z.number().positive().default(1e-8),
    momentum: z.number().min(0).lt(1).default(0),
    weight_decay: decay,
  }),
  z.strictObject({
    type: z.enum(['adam', 'adamw']),
    beta1: z.number().min(0).lt(1).default(0.9),
    beta2: z.number().min(0).lt(1).default(0.999),
    epsilon: z.number().positive().default(1e-8),
    /** adam: L2, added to the gradient; adamw: decoupled (Loshchilov and Hutter 2019). Matrices only. */
    weight_decay: decay,
  }),
]);
export type OptimiserSpec = z.infer<typeof optimiserSpec>;

export interface Optimiser {
  /**
   * Updates the parameters once.
   * @param scale factor of the gradients @param limit bound of each scaled gradient
   */
  update(rate: number, scale?: number, limit?: number): void;
  /** Number of updates so far. */
  readonly updates: number;
  /** The state to store for bit-identical resuming: views, by name. */
  readonly state: ReadonlyMap<string, Float32Array>;
  restore(updates: number, state: ReadonlyMap<string, Float32Array>): void;
}
