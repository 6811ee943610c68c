import type { Tensor } from '../../network/weights.ts';
import type { KerasLayer } from './keras-layer.ts';
import { invalidModel } from '../format-errors.ts';

/** The input of a Keras layer. */
export interface LayerInput {
  readonly width: number;
  readonly sequence: boolean;
}
/** The chain of our layers that replaces one Keras layer. */
export interface ConvertedLayers {
  readonly layers: readonly {
    readonly name: string;
    readonly layer: object;
    readonly tensors: readonly (readonly [part: string, tensor: Tensor])[];
  }[];
  readonly width: number;
  readonly sequence: boolean;
  readonly notes: readonly string[];
}

/** Returns a layer's weights. @throws UnrollError invalid_model when their number differs from `count` */
export function requireWeights({ weights }: KerasLayer, count: number): readonly Tensor[] {
  if (weights.length !== count) invalidModel(`has ${weights.length} weights, must have ${count}`);
  return weights;
}

export const zeros = (length: number): Tensor => ({ shape: [length], values: new Float32Array(length) });

/** Transposes [in, out] to [out, in]. @throws UnrollError invalid_model when it is not a matrix */
export function transpose({ shape, values }: Tensor): Tensor {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows === undefined || columns === undefined)
    return invalidModel(`a kernel of [${shape.join(', ')}] is not a matrix`);
  const transposed = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      transposed[column * rows + row] = values[row * columns + column]!;
  return { shape: [columns, rows], values: transposed };
}
