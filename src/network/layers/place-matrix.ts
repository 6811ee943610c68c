import { padded } from '../../kernel/layout.ts';
import { denseOrder, packVector } from '../../kernel/pack.ts';
import type { CompileContext } from './layer.ts';
import { placeProduct } from './place-product.ts';

/** Packs W [columns, inner], float32 by default, and b [columns] for emitLinear. @returns their addresses */
export function placeMatrix(
  { place, tensor }: Pick<CompileContext, 'place' | 'tensor'>,
  names: { readonly weight: string; readonly bias: string | null },
  {
    inner,
    columns,
    precision = 'float32',
  }: { inner: number; columns: number; precision?: CompileContext['precision'] },
): { weight: number; bias: number } {
  const order = denseOrder(columns);
  return {
    weight: placeProduct({ place, precision }, tensor(names.weight), { inner, order, name: names.weight }),
    bias: place(padded(columns), (packed) => {
      if (names.bias !== null) packVector(tensor(names.bias), order, packed);
    }),
  };
}
