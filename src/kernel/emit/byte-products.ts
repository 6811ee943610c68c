import {
  dotInt16,
  intAdd,
  relaxedDotBytes,
  shiftLeft16,
  shiftRight16,
  shiftRightUnsigned16,
  type V128,
} from '../assembler/expressions.ts';

// c + four sums of four products of bytes: a int8, b 0 … 127. Both ways give the same bits.

/** `relaxed`: one instruction. `widened`: by products of int16, where a machine's relaxed product is not exact. */
export type ByteProducts = 'relaxed' | 'widened';

export const dotBytesBy: Readonly<Record<ByteProducts, (a: V128, b: V128, c: V128) => V128>> = {
  relaxed: relaxedDotBytes,
  widened: (a, b, c) => {
    const even = dotInt16(shiftRight16(shiftLeft16(a, 8), 8), shiftRight16(shiftLeft16(b, 8), 8));
    const odd = dotInt16(shiftRight16(a, 8), shiftRightUnsigned16(b, 8));
    return intAdd(intAdd(even, odd), c);
  },
};
