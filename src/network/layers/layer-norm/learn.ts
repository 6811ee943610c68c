import { emitLayerNorm } from './emit.ts';
import type { LayerLearning } from '../layer-learning.ts';
import type { LayerNormNode } from './layer-norm.ts';
import { padded } from '../../../kernel/layout.ts';
import type { Block, BuildContext, LearningLayer, Parameter } from '../../learning/layer.ts';

export const learn: LayerLearning<LayerNormNode> = {
  create: (context, { tensors, width, layer: { epsilon } }) =>
    learningLayerNorm(context, tensors, { width, epsilon }),
};

/** y = (x − mean) / √(variance + ε) · weight + bias, step by step. */
function learningLayerNorm(
  { e, allocate, capacity }: BuildContext,
  names: { weight: string; bias: string },
  { width, epsilon }: { width: number; epsilon: number },
): LearningLayer {
  const stride = padded(width);
  const parameter = (name: string): Parameter & Block => {
    const block = allocate(stride);
    return { name, ...block, gradient: allocate(stride).values, decays: false };
  };
  const weight = parameter(names.weight);
  const bias = parameter(names.bias);
  const y = allocate(capacity.packed * stride);
  const dx = allocate(capacity.packed * stride);
  const own = allocate(capacity.packed * stride);
  const norm = emitLayerNorm(e, { width, epsilon });

  return {
    width,
    parameters: [weight, bias],
    carried: [],
    load(weights) {
      weight.values.set(weights.get(names.weight)!.values);
      bias.values.set(weights.get(names.bias)!.values);
    },
    save(weights) {
      weights.set(names.weight, { shape: [width], values: weight.values.slice(0, width) });
      weights.set(names.bias, { shape: [width], values: bias.values.slice(0, width) });
    },
    refresh() {},
    reset() {},
    forward({ functions, packed }, [x]) {
      // the kernel clears its input past the width, and the input belongs to another layer
      own.values.set(x!.values.subarray(0, packed * stride));
      functions[norm]!(own.address, weight.address, bias.address, y.address, packed);
      return y;
    },
    backward({ packed }, dy) {
      for (let row = 0; row < packed; row++) {
        const first = row * stride;
        let mean = 0;
        for (let k = 0; k < width; k++) mean += own.values[first + k]!;
        mean /= width;
        let variance = 0;
        for (let k = 0; k < width; k++) variance += (own.values[first + k]! - mean) ** 2;
        const scale = 1 / Math.sqrt(variance / width + epsilon);
        // with n the normalised row and g = dy · weight: dx = (g − mean(g) − n · mean(g · n)) · scale
        let sum = 0;
        let along = 0;
        for (let k = 0; k < width; k++) {
          const normal = (own.values[first + k]! - mean) * scale;
          const slope = dy.values[first + k]!;
          const g = slope * weight.values[k]!;
          sum += g;
          along += g * normal;
          weight.gradient[k] = weight.gradient[k]! + slope * normal;
          bias.gradient[k] = bias.gradient[k]! + slope;
        }
        for (let k = 0; k < width; k++) {
          const normal = (own.values[first + k]! - mean) * scale;
          const g = dy.values[first + k]! * weight.values[k]!;
          dx.values[first + k] = (g - sum / width - (normal * along) / width) * scale;
        }
      }
      return [dx];
    },
  };
}
