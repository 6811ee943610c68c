import { load, vadd, vmul, type V128 } from '../assembler/expressions.ts';
import type { Emitter } from './emitter.ts';
import { padded, panelBytes, panelVectors, countPanels } from '../layout.ts';

export type MergeMode = 'sum' | 'mul' | 'ave';

/**
 * Emits y ← a + b, a · b or (a + b) / 2, element by element. a, b, y [rows, padded(width)]; y may be a or b.
 * @returns the function's name; its parameters are a, b, y, rows.
 */
export function emitMerge(e: Emitter, mode: MergeMode, width: number): string {
  const panels = countPanels(width);
  return e.module.function(`${mode}_${padded(width)}`, ['a', 'b', 'y', 'rows'], (f, { a, b, y, rows }) => {
    const half = f.v128(e.constant(0.5));
    const merged = (p: V128, q: V128): V128 =>
      mode === 'mul' ? vmul(p, q) : mode === 'sum' ? vadd(p, q) : vmul(half, vadd(p, q));
    f.if(rows, () =>
      f.repeat(rows, () =>
        f.repeat(f.i32(panels), () => {
          const values = Array.from({ length: panelVectors }, (_, v) =>
            f.v128(merged(load(a, v * 16), load(b, v * 16))),
          );
          values.forEach((value, v) => f.store(y, value, v * 16));
          for (const pointer of [a, b, y]) f.advance(pointer, panelBytes);
        }),
      ),
    );
  });
}
