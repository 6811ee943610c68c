import type { FunctionBuilder, I32Local, V128Local } from '../assembler/function-builder.ts';
import { add, f32, f32max, lessThan, load, splat, vadd, vdiv, vmax, vsub } from '../assembler/expressions.ts';
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

/** x ← exp(x − largest). @returns Σ of them, in every lane */
function emitSumOfExponentials(
  f: FunctionBuilder,
  e: Emitter,
  row: I32Local,
  width: number,
  largest: V128Local,
): V128Local {
  const sum = f.v128(e.constant(0));
  const value = f.v128();
  eachVector(f, row, width, (at) => {
    f.set(value, vsub(load(at), largest));
    exp(f, e, [value]);
    f.store(at, value);
    f.set(sum, vadd(sum, value));
  });
  return f.v128(splat(reduceLanes(sum)));
}

/** x ← softmax(x). Absolute error ≤ 1e-6. Parameters: x, rows. */
export function emitSoftmax(e: Emitter, width: number): string {
  return e.module.function(`softmax_${width}`, ['x', 'rows'], (f, { x, rows }) => {
    f.if(rows, () =>
      f.repeat(rows, () => {
        const sum = emitSumOfExponentials(f, e, x, width, emitMaximum(f, e, x, width));
        eachVector(f, x, width, (at) => f.store(at, vdiv(load(at), sum)));
        f.advance(x, padded(width) * 4);
      }),
    );
  });
}
