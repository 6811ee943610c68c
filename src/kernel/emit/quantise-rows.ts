import type { FunctionBuilder, I32Local, V128Local } from '../assembler/function-builder.ts';
import {
  f32,
  f32add,
  f32div,
  f32max,
  f32sub,
  fma,
  intMax,
  intSub,
  ints,
  lane,
  load,
  narrowToBytes,
  narrowToInt16,
  splat,
  vand,
  type I32Like,
  type V128,
} from '../assembler/expressions.ts';
import { countPanels, padded, panelBytes, panelVectors, panelWidth } from '../layout.ts';
import type { IntegerFormat } from '../precision.ts';
import type { Emitter } from './emitter.ts';
import { integerRowBytes, rowScaleOffset } from './integer-product.ts';

/** Adding 1.5 · 2²³ rounds to an integer, half to even, and leaves it in the low bits. */
const roundingMagic = 12_582_912;
/** Rows of smaller numbers than this are taken to be zero: its inverse times maxActivation is still finite. */
const smallest = 1e-30;

/**
 * Emits the quantisation of `rows` ≥ 1 rows by each row's largest magnitude m: a = round(x · maxActivation / m), scale
 * m / maxActivation. So a row's integers depend on that row alone. A row with a NaN or an infinity gets a scale that makes
 * every output a NaN.
 * from [rows][padded(inner)] float32, of which the columns past `inner` are undefined   to: see integer-product.ts
 */
export function quantiseRows(
  f: FunctionBuilder,
  e: Emitter,
  format: IntegerFormat,
  inner: number,
  at: { from: I32Like; to: I32Like; rows: I32Local },
): void {
  const from = f.i32(at.from);
  const to = f.i32(at.to);
  const inverse = f.v128();
  f.repeat(f.i32(at.rows), () => {
    const largest = f.local('f32', f32max(largestMagnitude(f, e, inner, from), f32(smallest)));
    f.set(inverse, splat(f32div(f32(format.maxActivation), largest)));
    // m − m is a NaN for an infinity
    const scale = f32add(f32div(largest, f32(format.maxActivation)), f32sub(largest, largest));
    f.store(to, splat(scale), rowScaleOffset(format, inner));
    const [x, q] = [f.i32(from), f.i32(to)];
    f.repeat(f.i32(countPanels(inner)), () => {
      const values = Array.from({ length: panelVectors }, (_, v) => f.v128(load(x, v * 16)));
      storeRounded(f, e, format, values, inverse, q);
      f.advance(x, panelBytes);
      f.advance(q, panelBytes / format.group);
    });
    f.advance(from, padded(inner) * 4);
    f.advance(to, integerRowBytes(format, inner));
  });
}

/** max |x|: of a NaN's bits too, which are above those of every number. */
function largestMagnitude(f: FunctionBuilder, e: Emitter, inner: number, x: I32Local) {
  const magnitude = f.v128(e.bits(0x7fffffff));
  const largest = f.v128(vand(load(x), tailMask(inner, 0, magnitude)));
  const at = f.i32(x);
  const whole = Math.floor(inner / panelWidth);
  const take = (offset: number, mask: V128): void =>
    f.set(largest, intMax(largest, vand(load(at, offset), mask)));
  if (whole > 0)
    f.repeat(f.i32(whole), () => {
      for (let v = 0; v < panelVectors; v++) take(v * 16, magnitude);
      f.advance(at, panelBytes);
    });
  for (let column = whole * panelWidth; column < inner; column += 4)
    take((column % panelWidth) * 4, tailMask(inner, column, magnitude));
  return [1, 2, 3].reduce((max, index) => f32max(max, lane(largest, index)), lane(largest, 0));
}

/** The magnitude bits of four columns from `column` on, none of those past `inner`. */
function tailMask(inner: number, column: number, magnitude: V128Local): V128 {
  const bits = (index: number): number => (column + index < inner ? 0x7fffffff : 0);
  return column + 4 <= inner ? magnitude : ints([bits(0), bits(1), bits(2), bits(3)]);
}

/** Stores 16 rounded activations. */
function storeRounded(
  f: FunctionBuilder,
  e: Emitter,
  { group, offset }: IntegerFormat,
  values: readonly V128Local[],
  inverse: V128Local,
  to: I32Local,
): void {
  const magic = f.v128(e.constant(roundingMagic + offset));
  for (const value of values) f.set(value, fma(value, inverse, magic));
  const pairs = (lanes: readonly V128[]): [V128, V128] => [
    narrowToInt16(lanes[0]!, lanes[1]!),
    narrowToInt16(lanes[2]!, lanes[3]!),
  ];
  if (group === 2) {
    const integers = pairs(values.map((value) => intSub(value, magic)));
    integers.forEach((pair, v) => f.store(to, pair, v * 16));
  } else {
    // what lies past `inner` stays in range too
    const mask = f.v128(e.bits(0x7f));
    f.store(to, narrowToBytes(...pairs(values.map((value) => vand(value, mask)))));
  }
}
