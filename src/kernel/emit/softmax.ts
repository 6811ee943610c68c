import type { FunctionBuilder, I32Local, V128Local } from '../assembler/function-builder.ts';
import {
  add,
  f32,
  f32max,
  fma,
  intToFloat,
  lessThan,
  load,
  splat,
  vadd,
  vdiv,
  vmax,
  vmul,
  vsub,
} from '../assembler/expressions.ts';
import { clamp, exp } from './activations.ts';
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

/** @param keep stores each exponential, given its address. @returns Σ exp(x − largest), in every lane */
function emitSumOfExponentials(
  f: FunctionBuilder,
  e: Emitter,
  row: I32Local,
  width: number,
  largest: V128Local,
  keep: (at: I32Local, value: V128Local) => void = () => {},
): V128Local {
  const sum = f.v128(e.constant(0));
  const value = f.v128();
  eachVector(f, row, width, (at) => {
    f.set(value, vsub(load(at), largest));
    exp(f, e, [value]);
    keep(at, value);
    f.set(sum, vadd(sum, value));
  });
  return f.v128(splat(reduceLanes(sum)));
}

/** Emits a function of x and rows that gives each row to `body`. */
const emitOverRows = (
  e: Emitter,
  name: string,
  width: number,
  body: (f: FunctionBuilder, row: I32Local) => void,
): string =>
  e.module.function(`${name}_${width}`, ['x', 'rows'], (f, { x, rows }) => {
    f.if(rows, () =>
      f.repeat(rows, () => {
        body(f, x);
        f.advance(x, padded(width) * 4);
      }),
    );
  });

/** x ← softmax(x). Absolute error ≤ 1e-6. Parameters: x, rows. */
export const emitSoftmax = (e: Emitter, width: number): string =>
  emitOverRows(e, 'softmax', width, (f, x) => {
    const largest = emitMaximum(f, e, x, width);
    const sum = emitSumOfExponentials(f, e, x, width, largest, (at, value) => f.store(at, value));
    eachVector(f, x, width, (at) => f.store(at, vdiv(load(at), sum)));
  });

/** x ← log softmax(x) = (x − largest) − ln Σ exp(x − largest). Error ≤ 2e-6 · max(1, |result|). Parameters: x, rows. */
export const emitLogSoftmax = (e: Emitter, width: number): string =>
  emitOverRows(e, 'log_softmax', width, (f, x) => {
    const largest = emitMaximum(f, e, x, width);
    const logSum = emitLogarithm(f, e, emitSumOfExponentials(f, e, x, width, largest));
    // the sum is at least 1: no result is above 0
    clamp(f, e, [logSum], 0, Infinity);
    eachVector(f, x, width, (at) => f.store(at, vsub(vsub(load(at), largest), logSum)));
  });

/** Adds what the line through the powers of two is below log2 in the middle of an interval. */
const lineShift = 0.043;

/**
 * ln x for a normal number: from a line through the powers of two, within 0.03, two of Halley's iterations for
 * exp(y) = x, each of which leaves a twelfth of the cube of the error.
 */
function emitLogarithm(f: FunctionBuilder, e: Emitter, x: V128Local): V128Local {
  const y = f.v128(
    fma(
      intToFloat(x),
      f.v128(e.constant(Math.LN2 / 2 ** 23)),
      f.v128(e.constant((lineShift - 127) * Math.LN2)),
    ),
  );
  const power = f.v128();
  for (let i = 0; i < 2; i++) {
    f.set(power, y);
    exp(f, e, [power]);
    const ratio = vdiv(vsub(x, power), vadd(x, power));
    f.set(y, vadd(y, vmul(f.v128(e.constant(2)), ratio)));
  }
  return y;
}
