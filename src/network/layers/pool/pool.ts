import { z } from 'zod';
import { padded } from '../../../kernel/layout.ts';
import { softmax } from '../../../kernel/reference/softmax.ts';
import { placed } from '../fields.ts';
import type { LayerKind, LayerNode, Rows } from '../layer-kind.ts';
import { emitAttentionPool } from './emit-attention.ts';
import { emitPool } from './emit.ts';
import type { CompiledPool } from './run.ts';

// The last, the mean or the largest of the steps so far, unit by unit, or their sum weighted by a softmax.
// Tensor of `attention`: weight [width].

const schema = z.strictObject({
  type: z.literal('pool'),
  ...placed,
  /** attention: the steps so far, weighted by a softmax of x·w with one weight a column. */
  mode: z.enum(['last', 'mean', 'max', 'attention']),
});
type PoolSpec = z.infer<typeof schema>;
export type PoolNode = LayerNode<PoolSpec, { readonly weight: string }>;

export const pool = {
  schema,
  isSequenceToOne: () => true,
  inferenceOnly: (layer) => (layer['mode'] === 'attention' ? 'pool attention' : null),
  describe: (layer) => layer.mode,

  resolve(layer, { name, inputs, inputWidths }): PoolNode {
    const width = inputWidths[0]!;
    const weight = `${name}.weight`;
    const shapes = layer.mode === 'attention' ? ([[weight, [width]]] as const) : [];
    return { name, inputs, inputWidths, type: 'pool', width, layer, tensors: { weight }, shapes };
  },

  compile({ layer: { mode }, tensors }, { e, place, tensor, inputWidths }): CompiledPool | null {
    const width = inputWidths[0]!;
    if (mode === 'last') return null;
    if (mode !== 'attention')
      return { kind: 'pool', pool: emitPool(e, mode, width), width, weight: null, counters: 1 };
    return {
      kind: 'pool',
      pool: emitAttentionPool(e, width),
      width,
      weight: place(padded(width), (values) => values.set(tensor(tensors.weight))),
      counters: 2,
    };
  },

  reference({ layer, tensors }, { inputs: [x = []], tensor }) {
    return layer.mode === 'attention' ? attentionPool(x, tensor(tensors.weight)) : runningPool(x, layer.mode);
  },
} satisfies LayerKind<PoolSpec, PoolNode, CompiledPool>;

/** At step t the last, mean or largest of x[0..t]. x [steps][columns] → the same shape */
export function runningPool(x: Rows, mode: 'last' | 'mean' | 'max'): Rows {
  if (mode === 'last') return x;
  const so = x[0]?.slice() ?? new Float64Array();
  return x.map((row, t) => {
    if (t > 0)
      row.forEach((value, k) => {
        so[k] = mode === 'mean' ? so[k]! + value : Math.max(so[k]!, value);
      });
    return mode === 'mean' ? so.map((sum) => sum / (t + 1)) : so.slice();
  });
}

/**
 * At step t, Σ_s a_s x_s over the steps so far with a = softmax(x_s · w). x [steps][columns]  w [columns] →
 * the same shape
 */
function attentionPool(x: Rows, w: ArrayLike<number>): Rows {
  const scores = x.map((row) => row.reduce((sum, value, k) => sum + value * w[k]!, 0));
  return x.map((row, t) => {
    const weights = softmax(scores.slice(0, t + 1));
    return row.map((_, k) => weights.reduce((sum, weight, s) => sum + weight * x[s]![k]!, 0));
  });
}
