import type { FunctionBuilder, V128Local } from '../assembler/function-builder.ts';
import {
  add,
  dotInt16,
  fma,
  intAdd,
  intToFloat,
  lessThan,
  load,
  loadSplat,
  vmul,
  type I32Like,
  type V128,
} from '../assembler/expressions.ts';
import { padded, panelBytes, panelVectors } from '../layout.ts';
import type { IntegerFormat } from '../precision.ts';
import type { Emitter } from './emitter.ts';
import { keptWeights, type Tile } from './tile.ts';

// The inner product of quantised rows with quantised weights.
// x  [rows]: activations + offset [padded(inner)] of 4 / group bytes each, then 4 times the row's scale
// w  [panels]: scales [16] float32, corrections [16] int32, weights [⌈inner / group⌉][16][group]
// A correction takes the activations' offset back: −offset · Σₖ w[k]. Sums are of int32 and may wrap on the way; in the end
// they are in range (pack-integers.ts).

const vectorBytes = 16;
const headerBytes = 2 * panelBytes;

export const integerPanelBytes = ({ group }: IntegerFormat, inner: number): number =>
  headerBytes + Math.ceil(inner / group) * panelBytes;

/** Offset of a row's scale from its activations. */
export const rowScaleOffset = ({ group }: IntegerFormat, inner: number): number =>
  (padded(inner) * 4) / group;
export const integerRowBytes = (format: IntegerFormat, inner: number): number =>
  rowScaleOffset(format, inner) + vectorBytes;

/** sums[r][v] = start(r, v) + Σ_k x[r][k] · w[k][v], the sum of integers times both scales. */
export function multiplyIntegers(
  f: FunctionBuilder,
  e: Emitter,
  format: IntegerFormat,
  { rows, vectors, first: firstVector = 0, inner }: Tile,
  x: I32Like,
  w: I32Like,
  start: (row: number, vector: number) => V128,
): V128Local[][] {
  const groups = Math.ceil(inner / format.group);
  const unroll = Math.min(groups, rows === 1 ? 4 : 2);
  const xStride = integerRowBytes(format, inner);
  const first = f.i32(w);
  const wAt = f.i32(w);
  const xAt = f.i32(x);
  const weights = f.vectors(keptWeights({ rows, vectors }));
  const xk = f.v128();
  const inPanel = (index: number, offset: number): number => {
    const v = firstVector + index;
    const panel = Math.floor(v / panelVectors);
    return panel * integerPanelBytes(format, inner) + offset + (v % panelVectors) * vectorBytes;
  };
  const sums = Array.from({ length: rows }, () =>
    Array.from({ length: vectors }, (_, v) => f.v128(load(first, inPanel(v, panelBytes)))),
  );

  const multiplyAdd = (k: number): void => {
    const weight = (v: number): V128 => load(wAt, inPanel(v, headerBytes + k * panelBytes));
    weights.forEach((local, v) => f.set(local, weight(v)));
    sums.forEach((row, r) => {
      f.set(xk, loadSplat(xAt, r * xStride + k * 4));
      row.forEach((sum, v) => {
        const factor = weights[v] ?? weight(v);
        f.set(sum, format.group === 4 ? e.dotBytes(factor, xk, sum) : intAdd(dotInt16(factor, xk), sum));
      });
    });
  };
  const end = f.i32(add(x, Math.floor(groups / unroll) * unroll * 4));
  f.doWhile(
    () => {
      for (let k = 0; k < unroll; k++) multiplyAdd(k);
      f.advance(wAt, unroll * panelBytes);
      f.advance(xAt, unroll * 4);
    },
    () => lessThan(xAt, end),
  );
  for (let k = 0; k < groups % unroll; k++) multiplyAdd(k);

  sums.forEach((row, r) => {
    f.set(xk, loadSplat(x, r * xStride + rowScaleOffset(format, inner)));
    row.forEach((sum, v) =>
      f.set(sum, fma(intToFloat(sum), vmul(load(first, inPanel(v, 0)), xk), start(r, v))),
    );
  });
  return sums;
}
