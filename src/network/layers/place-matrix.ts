import { padded } from '../../kernel/layout.ts';
import { denseOrder, packMatrix, packVector } from '../../kernel/pack.ts';
import type { CompileContext } from './layer.ts';

/** Packs W [columns, inner] and b [columns] for emitLinear. @returns their addresses */
export function placeMatrix(
  { place, tensor }: Pick<CompileContext, 'place' | 'tensor'>,
  names: { readonly weight: string; readonly bias: string | null },
  { inner, columns }: { inner: number; columns: number },
): { weight: number; bias: number } {
  const order = denseOrder(columns);
  return {
    weight: place(padded(columns) * inner, (packed) =>
      packMatrix(tensor(names.weight), inner, order, packed),
    ),
    bias: place(padded(columns), (packed) => {
      if (names.bias !== null) packVector(tensor(names.bias), order, packed);
    }),
  };
}
