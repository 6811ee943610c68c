import { z } from 'zod';
import { padded } from '../../../kernel/layout.ts';
import { emitLinear } from '../../../kernel/emit/linear.ts';
import { uniform } from '../../initial-values.ts';
import { placed, units } from '../fields.ts';
import type { LayerKind, LayerNode, TensorShape } from '../layer-kind.ts';
import { placeMatrix } from '../place-matrix.ts';
import { emitAttention } from './emit.ts';
import type { CompiledAttention, Product } from './run.ts';

/** The encoder's rows, weighted by how well each matches the layer's input. Requires an encoder. */
const schema = z.strictObject({
  type: z.literal('attention'),
  ...placed,
  /**
   * dot: q·m; general: q·(W m) (Luong et al. 2015); additive: v·tanh(W q + U m + b) (Bahdanau et al. 2015).
   */
  score: z.enum(['dot', 'general', 'additive']),
  /** additive only: rows of W and U. */
  units: units.default(128),
});
type AttentionSpec = z.infer<typeof schema>;

/** Tensors of each score: dot none, general `weight`, additive all others. */
export interface AttentionTensors {
  /** general: W [query width, memory width] */
  readonly weight: string;
  /** additive: W [units, query width], U [units, memory width], b [units], v [units] */
  readonly query: string;
  readonly memory: string;
  readonly bias: string;
  readonly vector: string;
}
export interface AttentionNode extends LayerNode<AttentionSpec, AttentionTensors> {
  /** Columns of the encoder's output, and so of this layer's. */
  readonly memoryWidth: number;
}

export const attention = {
  schema,
  describe: (layer) => layer.score,

  resolve(layer, { name, inputs, inputWidths, memoryWidth, fail }): AttentionNode {
    const width = inputWidths[0]!;
    if (memoryWidth === 0) fail('attends to an encoder, and there is none');
    if (layer.score === 'dot' && width !== memoryWidth)
      fail(`a dot score needs equal widths: it reads ${width} columns, the encoder gives ${memoryWidth}`);
    const tensors = {
      weight: `${name}.weight`,
      bias: `${name}.bias`,
      query: `${name}.query`,
      memory: `${name}.memory`,
      vector: `${name}.vector`,
    };
    const shapes = resolveShapes(layer, tensors, { width, memoryWidth });
    return {
      name,
      inputs,
      inputWidths,
      type: 'attention',
      width: memoryWidth,
      memoryWidth,
      layer,
      tensors,
      shapes,
    };
  },

  compile({ layer: { score, units }, tensors, memoryWidth }, context): CompiledAttention {
    const { e, place, tensor } = context;
    const queryWidth = context.inputWidths[0]!;
    const isAdditive = score === 'additive';
    const keyWidth = isAdditive ? units : queryWidth;
    const product = (weight: string, bias: string | null, inner: number, columns: number): Product => ({
      linear: emitLinear(e, { inner, columns }),
      ...placeMatrix(context, { weight, bias }, { inner, columns }),
    });
    return {
      kind: 'attention',
      attend: emitAttention(e, { score: isAdditive ? 'additive' : 'product', keyWidth, memoryWidth }),
      keyWidth,
      memoryWidth,
      keys:
        score === 'dot'
          ? null
          : score === 'general'
            ? product(tensors.weight, null, memoryWidth, queryWidth)
            : product(tensors.memory, tensors.bias, memoryWidth, units),
      query: isAdditive ? product(tensors.query, null, queryWidth, units) : null,
      vector: isAdditive ? place(padded(units), (values) => values.set(tensor(tensors.vector))) : 0,
    };
  },

  reference() {
    throw new Error('a network by itself has nothing to attend to');
  },

  initialise: ({ tensors }, [name, [length = 0]], random) =>
    name === tensors.vector ? uniform(length, Math.sqrt(6 / (length + 1)), random) : null,
} satisfies LayerKind<AttentionSpec, AttentionNode, CompiledAttention>;

function resolveShapes(
  { score, units }: AttentionSpec,
  tensors: AttentionTensors,
  { width, memoryWidth }: { width: number; memoryWidth: number },
): TensorShape[] {
  if (score === 'dot') return [];
  if (score === 'general') return [[tensors.weight, [width, memoryWidth]]];
  return [
    [tensors.query, [units, width]],
    [tensors.memory, [units, memoryWidth]],
    [tensors.bias, [units]],
    [tensors.vector, [units]],
  ];
}
