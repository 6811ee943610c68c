import { z } from 'zod';
import { padded } from '../../../kernel/layout.ts';
import { placed } from '../fields.ts';
import type { LayerKind, LayerNode } from '../layer-kind.ts';
import { emitLayerNorm } from './emit.ts';
import type { CompiledLayerNorm } from './run.ts';

// y = (x − mean) / √(variance + ε) · weight + bias, step by step (Ba et al. 2016). Tensors: weight and bias
// [width].

const schema = z.strictObject({
  type: z.literal('layer_norm'),
  ...placed,
  epsilon: z.number().positive().default(1e-5),
});
type LayerNormSpec = z.infer<typeof schema>;
export type LayerNormNode = LayerNode<LayerNormSpec, { readonly weight: string; readonly bias: string }>;

export const layerNorm = {
  schema,
  describe: (layer) => `epsilon ${layer.epsilon}`,

  resolve(layer, { name, inputs, inputWidths }): LayerNormNode {
    const width = inputWidths[0]!;
    const tensors = { weight: `${name}.weight`, bias: `${name}.bias` };
    const shapes = [
      [tensors.weight, [width]],
      [tensors.bias, [width]],
    ] as const;
    return { name, inputs, inputWidths, type: 'layer_norm', width, layer, tensors, shapes };
  },

  compile({ layer, tensors }, { e, place, tensor, inputWidths }): CompiledLayerNorm {
    const width = inputWidths[0]!;
    const placeVector = (name: string): number => place(padded(width), (values) => values.set(tensor(name)));
    return {
      kind: 'layer_norm',
      norm: emitLayerNorm(e, { width, epsilon: layer.epsilon }),
      weight: placeVector(tensors.weight),
      bias: placeVector(tensors.bias),
    };
  },

  reference({ layer, tensors }, { inputs, tensor }) {
    const [weight, bias] = [tensor(tensors.weight), tensor(tensors.bias)];
    return inputs[0]!.map((x) => {
      const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
      const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
      const deviation = Math.sqrt(variance + layer.epsilon);
      return x.map((value, k) => ((value - mean) / deviation) * weight[k]! + bias[k]!);
    });
  },

  initialise: ({ tensors }, [name, [width = 0]]) =>
    name === tensors.weight ? new Float32Array(width).fill(1) : null,
} satisfies LayerKind<LayerNormSpec, LayerNormNode, CompiledLayerNorm>;
