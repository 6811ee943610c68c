import type { FunctionBuilder, I32Local } from '../assembler/function-builder.ts';
import { add, load, loadI32, mul, type I32Like } from '../assembler/expressions.ts';
import type { Emitter } from './emitter.ts';
import { padded, panelBytes, panelVectors, countPanels } from '../layout.ts';

// Copying rows. A row of `width` columns has padded(width) float32; the columns past its width are never
// read.

/** to[0..panels) ← from[0..panels), a panel at a time. */
export function copyPanels(f: FunctionBuilder, from: I32Like, to: I32Like, panels: number): void {
  const source = f.i32(from);
  const target = f.i32(to);
  f.repeat(f.i32(panels), () => {
    const vectors = Array.from({ length: panelVectors }, (_, v) => f.v128(load(source, v * 16)));
    vectors.forEach((vector, v) => f.store(target, vector, v * 16));
    f.advance(source, panelBytes);
    f.advance(target, panelBytes);
  });
}

/**
 * Emits y[r] ← table[ids[r]]: an embedding, a token's input projection, or rows picked from a buffer.
 * table [any, padded(width)]  ids [rows] int32  y [rows, padded(width)]; the caller has checked the ids.
 * @returns the function's name; its parameters are table, ids, y, rows.
 */
export function emitGather(e: Emitter, width: number): string {
  const stride = padded(width) * 4;
  return e.module.function(
    `gather_${padded(width)}`,
    ['table', 'ids', 'y', 'rows'],
    (f, { table, ids, y, rows }) => {
      f.if(rows, () =>
        f.repeat(rows, () => {
          copyPanels(f, add(table, mul(loadI32(ids), stride)), y, countPanels(width));
          f.advance(ids, 4);
          f.advance(y, stride);
        }),
      );
    },
  );
}

/**
 * Emits y[r] ← [a[r], b[r], …]. a [rows, padded(widths[0])] …  y [rows, padded(Σ widths)] and 64 bytes of
 * slack, since the last panel of a row may run into the next row, which is written after it.
 * @returns the function's name; its parameters are the inputs in order, then y, rows.
 */
export function emitConcat(e: Emitter, widths: readonly number[]): string {
  const total = widths.reduce((sum, width) => sum + width, 0);
  const inputs = widths.map((_, i) => `input${i}`);
  return e.module.function(`concat_${widths.join('_')}`, [...inputs, 'y', 'rows'], (f, parameters) => {
    const { y, rows } = parameters as Record<string, I32Local> & { y: I32Local; rows: I32Local };
    f.if(rows, () =>
      f.repeat(rows, () => {
        let column = 0;
        widths.forEach((width, i) => {
          const input = parameters[`input${i}`]!;
          copyPanels(f, input, add(y, column * 4), countPanels(width));
          f.advance(input, padded(width) * 4);
          column += width;
        });
        f.advance(y, padded(total) * 4);
      }),
    );
  });
}

/**
 * Emits y[r] ← [table[ids₀[r]], table[ids₁[r]], …]: an embedding of several ids for each step, stored column
 * by column. table [any, padded(units)]  idₖ[r] at ids + k·columnBytes + 4·r  y [rows, padded(units·count)]
 * and 64 bytes of slack
 * @returns the function's name; its parameters are table, ids, columnBytes, y, rows.
 */
export function emitGatherColumns(e: Emitter, { units, count }: { units: number; count: number }): string {
  const stride = padded(units) * 4;
  const parameters = ['table', 'ids', 'columnBytes', 'y', 'rows'] as const;
  return e.module.function(`gather_columns_${units}_${count}`, parameters, (f, p) => {
    f.if(p.rows, () =>
      f.repeat(p.rows, () => {
        const id = f.i32(p.ids);
        for (let column = 0; column < count; column++) {
          copyPanels(
            f,
            add(p.table, mul(loadI32(id), stride)),
            add(p.y, column * units * 4),
            countPanels(units),
          );
          f.advance(id, p.columnBytes);
        }
        f.advance(p.ids, 4);
        f.advance(p.y, padded(units * count) * 4);
      }),
    );
  });
}
