import { type ColumnOrder, packMatrix } from './pack.ts';
import { packedIntegerBytes, packIntegers } from './pack-integers.ts';
import { integerFormat, type Precision } from './precision.ts';

/** float32 of memory that a matrix takes, packed for a product of a precision. */
export const packedFloats = (precision: Precision, inner: number, columns: number): number =>
  precision === 'float32'
    ? columns * inner
    : packedIntegerBytes(integerFormat(precision, inner), inner, columns) / 4;

/** matrix [rows, inner] → packed [packedFloats], rows in the order of the columns */
export function packProduct(
  matrix: Float32Array,
  inner: number,
  order: ColumnOrder,
  precision: Precision,
  packed: Float32Array,
): void {
  if (precision === 'float32') packMatrix(matrix, inner, order, packed);
  else {
    const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
    packIntegers(matrix, inner, order, integerFormat(precision, inner), bytes);
  }
}
