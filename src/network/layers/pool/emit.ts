import {
  add,
  f32,
  f32add,
  f32greater,
  load,
  loadF32,
  splat,
  vadd,
  vdiv,
  vmax,
  type V128,
} from '../../../kernel/assembler/expressions.ts';
import type { Emitter } from '../../../kernel/emit/emitter.ts';
import { padded, panelBytes, panelVectors, countPanels } from '../../../kernel/layout.ts';

export type RunningPool = 'mean' | 'max';

/**
 * Floats of a running pool's state: the sum or maximum so far, then a panel whose first float counts the
 * steps.
 */
export const poolState = (width: number): number => padded(width) + 16;

/**
 * Emits one step of a running pool: y is the mean, or the largest, of x over all steps so far. A zero state
 * is an initial one. x, y [rows, padded(width)]  state [rows, poolState(width)]
 * @returns the function's name; its parameters are x, state, y, rows.
 */
export function emitPool(e: Emitter, mode: RunningPool, width: number): string {
  const panels = countPanels(width);
  const countOffset = panels * panelBytes;
  return e.module.function(
    `pool_${mode}_${padded(width)}`,
    ['x', 'state', 'y', 'rows'],
    (f, { x, state, y, rows }) => {
      const count = f.local('f32');
      const eachVector = (kept: (v: V128, s: V128) => V128, shown: (s: V128) => V128): void =>
        f.repeat(f.i32(panels), () => {
          const values = Array.from({ length: panelVectors }, (_, v) =>
            f.v128(kept(load(x, v * 16), load(state, v * 16))),
          );
          values.forEach((value, v) => f.store(state, value, v * 16));
          values.forEach((value, v) => f.store(y, shown(value), v * 16));
          for (const pointer of [x, state, y]) f.advance(pointer, panelBytes);
        });
      f.if(rows, () =>
        f.repeat(rows, () => {
          f.set(count, f32add(loadF32(add(state, countOffset)), f32(1)));
          f.storeF32(state, count, countOffset);
          if (mode === 'mean') {
            const steps = f.v128(splat(count));
            eachVector(vadd, (sum) => vdiv(sum, steps));
          } else {
            f.if(
              f32greater(count, f32(1)),
              () => eachVector(vmax, (largest) => largest),
              () =>
                eachVector(
                  (value) => value,
                  (largest) => largest,
                ),
            );
          }
          f.advance(state, panelBytes);
        }),
      );
    },
  );
}
