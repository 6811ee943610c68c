import { fma, load, vsub } from '../../../kernel/assembler/expressions.ts';
import type { Emitter } from '../../../kernel/emit/emitter.ts';
import { padded, panelBytes, panelVectors, countPanels } from '../../../kernel/layout.ts';

/**
 * Emits y ← x + gate · (y − x), element by element. x, gate, y [rows, padded(width)]
 * @returns the function's name; its parameters are x, gate, y, rows.
 */
export function emitHighway(e: Emitter, width: number): string {
  const parameters = ['x', 'gate', 'y', 'rows'] as const;
  return e.module.function(`highway_${padded(width)}`, parameters, (f, { x, gate, y, rows }) =>
    f.if(rows, () =>
      f.repeat(rows, () =>
        f.repeat(f.i32(countPanels(width)), () => {
          for (let v = 0; v < panelVectors; v++) {
            const input = f.v128(load(x, v * 16));
            f.store(y, fma(load(gate, v * 16), vsub(load(y, v * 16), input), input), v * 16);
          }
          for (const pointer of [x, gate, y]) f.advance(pointer, panelBytes);
        }),
      ),
    ),
  );
}
