import { loadI32 } from '../../../kernel/assembler/expressions.ts';
import type { Emitter } from '../../../kernel/emit/emitter.ts';
import { padded, countPanels } from '../../../kernel/layout.ts';
import { copyPanels } from '../../../kernel/emit/rows.ts';

/**
 * Emits y[r] ← the rows at addresses[r][0 … taps − 1], concatenated: the input of a convolution at one step.
 * addresses [rows][taps] of rows of `width` columns  y [rows, padded(taps·width)] and 64 bytes of slack,
 * since the last panel of a row may run into the next row, which is written after it.
 * @returns the function's name; its parameters are addresses, y, rows.
 */
export function emitWindows(e: Emitter, { taps, width }: { taps: number; width: number }): string {
  const name = `windows_${taps}_${width}`;
  return e.module.function(name, ['addresses', 'y', 'rows'], (f, { addresses, y, rows }) => {
    const to = f.i32();
    f.if(rows, () =>
      f.repeat(rows, () => {
        f.set(to, y);
        f.repeat(f.i32(taps), () => {
          copyPanels(f, loadI32(addresses), to, countPanels(width));
          f.advance(addresses, 4);
          f.advance(to, width * 4);
        });
        f.advance(y, padded(taps * width) * 4);
      }),
    );
  });
}
