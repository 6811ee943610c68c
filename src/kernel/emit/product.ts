import type { FunctionBuilder, I32Local, V128Local } from '../assembler/function-builder.ts';
import type { I32Like, V128 } from '../assembler/expressions.ts';
import { padded, panelBytes } from '../layout.ts';
import { integerFormat, type Precision } from '../precision.ts';
import type { Emitter } from './emitter.ts';
import { integerPanelBytes, integerRowBytes, multiplyIntegers } from './integer-product.ts';
import { quantiseRows } from './quantise-rows.ts';
import { accumulate, type Tile } from './tile.ts';

// The product of rows with packed weights that a layer is emitted with, by the precision of its weights.

export interface Product {
  /** Part of the names of emitted functions, '' for float32. */
  readonly label: string;
  /** Bytes of one packed panel. */
  readonly panelByteLength: number;
  /** Bytes from one operand row to the next. */
  readonly rowByteLength: number;
  /** Emits sums[r][v] = start(r, v) + Σ_k x[r][k] · w[k][v], v from 0. `x` is the first row's address, `w` the first panel's. */
  readonly multiply: (
    f: FunctionBuilder,
    e: Emitter,
    tile: Omit<Tile, 'inner'>,
    x: I32Like,
    w: I32Like,
    start: (row: number, vector: number) => V128,
  ) => V128Local[][];
  /** Emits the conversion of `rows` ≥ 1 rows [padded(inner)] of float32 to operand rows; null where they are these. */
  readonly convertRows:
    ((f: FunctionBuilder, e: Emitter, at: { from: I32Like; to: I32Like; rows: I32Local }) => void) | null;
}

const float32 = (inner: number): Product => ({
  label: '',
  panelByteLength: inner * panelBytes,
  rowByteLength: padded(inner) * 4,
  multiply(f, _, tile, x, w, start) {
    const sums = Array.from({ length: tile.rows }, (_, r) =>
      Array.from({ length: tile.vectors }, (__, v) => f.v128(start(r, v))),
    );
    accumulate(f, { ...tile, inner }, x, w, sums);
    return sums;
  },
  convertRows: null,
});

/** The product over `inner` columns. */
export function productOf(precision: Precision, inner: number): Product {
  if (precision === 'float32') return float32(inner);
  const format = integerFormat(precision, inner);
  return {
    label: `_${precision}`,
    panelByteLength: integerPanelBytes(format, inner),
    rowByteLength: integerRowBytes(format, inner),
    multiply: (f, e, tile, x, w, start) => multiplyIntegers(f, e, format, { ...tile, inner }, x, w, start),
    convertRows: (f, e, at) => quantiseRows(f, e, format, inner, at),
  };
}
