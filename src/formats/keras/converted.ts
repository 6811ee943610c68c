import type { Tensor } from '../../network/weights.ts';
import type { KerasLayer } from './keras-layer.ts';
import { invalidModel } from '../format-errors.ts';

/** What a layer of theirs reads. */
export interface LayerInput {
  readonly width: number;
  readonly sequence: boolean;
}
/** Layers of ours that do what one of theirs does, in a row. */
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

/** The weights of a layer, of which there must be so many. */
export function requireWeights({ weights }: KerasLayer, count: number): readonly Tensor[] {
  if (weights.length !== count) invalidModel(`has ${weights.length} weights, must have ${count}`);
  return weights;
}

export const zeros = (length: number): Tensor => ({ shape: [length], values: new Float32Array(length) });

/** [in, out] → [out, in] */
export function transpose({ shape, values }: Tensor): Tensor {
  const [rows, columns] = shape;
  if (shape.length !== 2 || rows === undefined || columns === undefined)
    return invalidModel(`a kernel of [${shape.join(', ')}] is no matrix`);
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = values[row * columns + column]!;
  return { shape: [columns, rows], values: turned };
}
