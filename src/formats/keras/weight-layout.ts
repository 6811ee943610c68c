import type { Tensor } from '../../network/weights.ts';
import type { KerasLayer } from './keras-layer.ts';
import { invalidModel } from '../format-errors.ts';

/** Returns a layer's weights. @throws UnrollError invalid_model when their number differs from `count` */
export function requireWeights({ weights }: KerasLayer, count: number): readonly Tensor[] {
  if (weights.length !== count) invalidModel(`has ${weights.length} weights, must have ${count}`);
  return weights;
}

export const zeros = (length: number): Tensor => ({ shape: [length], values: new Float32Array(length) });

/** Transposes [in, out] to [out, in]. @throws UnrollError invalid_model when it is not a matrix */
export function transpose(matrix: Tensor): Tensor {
  if (matrix.shape.length !== 2)
    return invalidModel(`a kernel of [${matrix.shape.join(', ')}] is not a matrix`);
  return toUnitsFirst(matrix);
}

/** Reorders [...window, in, units] to [units, in, ...window]. */
export function toUnitsFirst({ shape, values }: Tensor): Tensor {
  const [inner = 0, units = 0] = shape.slice(-2);
  const taps = values.length / (inner * units);
  const reordered = new Float32Array(values.length);
  for (let tap = 0; tap < taps; tap++)
    for (let k = 0; k < inner; k++)
      for (let unit = 0; unit < units; unit++)
        reordered[(unit * inner + k) * taps + tap] = values[(tap * inner + k) * units + unit]!;
  return { shape: [units, inner, ...shape.slice(0, -2)], values: reordered };
}
