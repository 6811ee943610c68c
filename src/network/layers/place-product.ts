import { UnrollError } from '../../errors.ts';
import type { ColumnOrder } from '../../kernel/pack.ts';
import { maxInner } from '../../kernel/pack-integers.ts';
import { packedFloats, packProduct } from '../../kernel/pack-product.ts';
import type { CompileContext } from './layer.ts';

/**
 * Packs a matrix [rows, inner] for a product of the network's precision.
 * @param shape.name of its tensor, for the error
 * @returns its address
 * @throws UnrollError invalid_model where its rows are too long to be quantised
 */
export function placeProduct(
  { place, precision }: Pick<CompileContext, 'place' | 'precision'>,
  matrix: Float32Array,
  { inner, order, name }: { inner: number; order: ColumnOrder; name: string },
): number {
  if (precision !== 'float32' && inner > maxInner)
    throw new UnrollError(
      'invalid_model',
      `precision: ${name} has rows of ${inner} weights, ${precision} takes ${maxInner} at most`,
      { field: 'precision' },
    );
  return place(packedFloats(precision, inner, order.length), (packed) =>
    packProduct(matrix, inner, order, precision, packed),
  );
}
