import {
  add,
  f32add,
  fma,
  lane,
  lessThan,
  load,
  vadd,
  type F32,
  type I32Like,
  type V128,
} from '../assembler/expressions.ts';
import type { FunctionBuilder, I32Local, V128Local } from '../assembler/function-builder.ts';
import type { Emitter } from './emitter.ts';
import { panelBytes, panelVectors, countPanels } from '../layout.ts';

// Sums along a row, always in one order: 16 sums, one for each column of a panel, then added pairwise.

/** All four lanes reduced pairwise. */
export const reduceLanes = (v: V128, join: (a: F32, b: F32) => F32 = f32add): F32 =>
  join(join(lane(v, 0), lane(v, 1)), join(lane(v, 2), lane(v, 3)));

/** Emits a loop over the panels of a row. `pointers` advance with `at`. */
export function forEachPanel(
  f: FunctionBuilder,
  width: number,
  rows: readonly I32Like[],
  body: (...at: I32Local[]) => void,
): void {
  const at = rows.map((row) => f.i32(row));
  const end = f.i32(add(at[0]!, countPanels(width) * panelBytes));
  f.doWhile(
    () => {
      body(...at);
      for (const pointer of at) f.advance(pointer, panelBytes);
    },
    () => lessThan(at[0]!, end),
  );
}

/** Four accumulators, initially zero. */
export const zeroPanel = (f: FunctionBuilder, e: Emitter): V128Local[] =>
  Array.from({ length: panelVectors }, () => f.v128(e.constant(0)));

/** The sum of 16 accumulated columns. */
export const sumPanel = (f: FunctionBuilder, [a, b, c, d]: readonly V128Local[]): F32 =>
  reduceLanes(f.v128(vadd(vadd(a!, b!), vadd(c!, d!))));

/** a · b over a row of `width` columns, whose columns past the width are zero in at least one of the two. */
export function dot(f: FunctionBuilder, e: Emitter, width: number, a: I32Like, b: I32Like): F32 {
  const sums = zeroPanel(f, e);
  forEachPanel(f, width, [a, b], (aAt, bAt) =>
    sums.forEach((sum, v) => f.set(sum, fma(load(aAt, v * 16), load(bAt, v * 16), sum))),
  );
  return sumPanel(f, sums);
}
