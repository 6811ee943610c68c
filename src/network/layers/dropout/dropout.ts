import { z } from 'zod';
import { placed } from '../fields.ts';
import type { LayerKind, LayerNode } from '../layer-kind.ts';

const schema = z.strictObject({
  type: z.literal('dropout'),
  ...placed,
  rate: z.number().min(0).max(1),
  /** Training only: whether the same units of a sequence are dropped at every step, or others at each. */
  steps: z.enum(['same', 'each']).default('same'),
});
type DropoutSpec = z.infer<typeof schema>;
export type DropoutNode = LayerNode<DropoutSpec, object>;

/** Drops units in training (learn.ts); in serving its rows are its input's. */
export const dropout = {
  schema,
  describe: () => 'training only',
  resolve: (layer, { name, inputs, inputWidths }): DropoutNode => ({
    name,
    inputs,
    inputWidths,
    type: 'dropout',
    width: inputWidths[0]!,
    layer,
    tensors: {},
    shapes: [],
  }),
  compile: (): null => null,
  reference: (_, { inputs }) => inputs[0]!,
} satisfies LayerKind<DropoutSpec, DropoutNode>;
