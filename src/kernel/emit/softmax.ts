import type { FunctionBuilder, I32Local, V128Local } from '../assembler/function-builder.ts';
import {
  add,
  f32,
  f32greater,
  f32max,
  fma,
  i32,
  intAdd,
  intSub,
  lessThan,
  load,
  loadF32,
  shiftRight,
  splat,
  toFloat,
  vadd,
  vdiv,
  vmax,
  vmul,
  vand,
  vsub,
  type V128,
} from '../assembler/expressions.ts';
import { exp } from './activations.ts';
import type { Emitter } from './emitter.ts';
import { padded } from '../layout.ts';
import { reduceLanes } from './reduce.ts';

// Over a row of `width` columns, in place. x [rows, padded(width)]. The columns past the width are set to −∞
// first, so that their weight is 0 and the row can be read in whole vectors. Sums are in one fixed order.

/** Emits a loop over the vectors of a row; `at` advances by 16 bytes. */
function eachVector(f: FunctionBuilder, row: I32Local, width: number, body: (at: I32Local) => void): void {
  const at = f.i32(row);
  const end = f.i32(add(row, padded(width) * 4));
  f.doWhile(
    () => {
      body(at);
      f.advance(at, 16);
    },
    () => lessThan(at, end),
  );
}

/** Sets the columns past the width to −∞ and returns the row's largest value, NaN if it contains one. */
function emitMaximum(f: FunctionBuilder, e: Emitter, row: I32Local, width: number): V128Local {
  for (let column = width; column < padded(width); column++) f.storeF32(row, f32(-Infinity), column * 4);
  const largest = f.v128(e.constant(-Infinity));
  eachVector(f, row, width, (at) => f.set(largest, vmax(largest, load(at))));
  return f.v128(splat(reduceLanes(largest, f32max)));
}

/** Σ exp(x − largest), in every lane; the exponentials replace x when `keep`. */
function emitSumOfExponentials(
  f: FunctionBuilder,
  e: Emitter,
  row: I32Local,
  width: number,
  largest: V128Local,
  keep: boolean,
): V128Local {
  const sum = f.v128(e.constant(0));
  const value = f.v128();
  eachVector(f, row, width, (at) => {
    f.set(value, vsub(load(at), largest));
    exp(f, e, [value]);
    if (keep) f.store(at, value);
    f.set(sum, vadd(sum, value));
  });
  return f.v128(splat(reduceLanes(sum)));
}

/** x ← softmax(x). Absolute error ≤ 1e-6. Parameters: x, rows. */
export function emitSoftmax(e: Emitter, width: number): string {
  return e.module.function(`softmax_${width}`, ['x', 'rows'], (f, { x, rows }) => {
    f.if(rows, () =>
      f.repeat(rows, () => {
        const sum = emitSumOfExponentials(f, e, x, width, emitMaximum(f, e, x, width), true);
        eachVector(f, x, width, (at) => f.store(at, vdiv(load(at), sum)));
        f.advance(x, padded(width) * 4);
      }),
    );
  });
}

/**
 * x ← log softmax(x) = x − largest − log Σ exp(x − largest). Absolute error ≤ 1e-6 · max(1, |result|).
 * Parameters: x, rows.
 */
export function emitLogSoftmax(e: Emitter, width: number): string {
  return e.module.function(`log_softmax_${width}`, ['x', 'rows'], (f, { x, rows }) => {
    f.if(rows, () =>
      f.repeat(rows, () => {
        const largest = emitMaximum(f, e, x, width);
        const sum = emitSumOfExponentials(f, e, x, width, largest, false);
        const logSum = logOfNormal(f, e, sum);
        eachVector(f, x, width, (at) => f.store(at, vsub(vsub(load(at), largest), logSum)));
        f.advance(x, padded(width) * 4);
      }),
    );
  });
}

/**
 * log of positive normal numbers: x = 2ⁿ·m with m in [√½, √2), log m = 2·(s + s³/3 + s⁵/5 + …) for s = (m −
 * 1)/(m + 1) (the series of artanh; |s| ≤ 0.172, so five terms reach float32).
 */
function logOfNormal(f: FunctionBuilder, e: Emitter, x: V128): V128Local {
  const value = f.v128(x);
  // the bits of √½ are subtracted before the exponent is read, so that m is centred on 1
  const offset = f.v128(e.bits(0x3f3504f3));
  const shifted = f.v128(intSub(value, offset));
  const n = f.v128(toFloat(shiftRight(shifted, 23)));
  const mantissa = f.v128(vand(shifted, e.bits(0x007fffff)));
  const m = f.v128(intAdd(mantissa, offset));
  const s = f.v128(vdiv(vsub(m, e.constant(1)), vadd(m, e.constant(1))));
  const square = f.v128(vmul(s, s));
  const series = f.v128(e.constant(2 / 11));
  for (const term of [9, 7, 5, 3, 1]) f.set(series, fma(series, square, e.constant(2 / term)));
  return f.v128(fma(n, e.constant(Math.LN2), vmul(s, series)));
}

/**
 * out[r] ← index of the first largest column, as int32; a NaN is never the largest. Parameters: x, out, rows.
 */
export function emitArgmax(e: Emitter, width: number): string {
  return e.module.function(`argmax_${width}`, ['x', 'out', 'rows'], (f, { x, out, rows }) => {
    const largest = f.local('f32');
    const value = f.local('f32');
    const index = f.i32();
    const column = f.i32();
    const at = f.i32();
    f.if(rows, () =>
      f.repeat(rows, () => {
        f.set(largest, f32(-Infinity));
        f.set(index, i32(0));
        f.set(column, i32(0));
        f.set(at, x);
        f.doWhile(
          () => {
            f.set(value, loadF32(at));
            f.if(f32greater(value, largest), () => {
              f.set(largest, value);
              f.set(index, column);
            });
            f.advance(at, 4);
            f.advance(column, 1);
          },
          () => lessThan(column, width),
        );
        f.storeI32(out, index);
        f.advance(out, 4);
        f.advance(x, padded(width) * 4);
      }),
    );
  });
}
