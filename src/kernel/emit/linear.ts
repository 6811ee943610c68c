import type { I32Local } from '../assembler/function-builder.ts';
import { add, load } from '../assembler/expressions.ts';
import { activate, type Activation } from './activations.ts';
import type { Emitter } from './emitter.ts';
import { padded, panelBytes, panelVectors, countPanels } from '../layout.ts';
import { accumulate, branchOnRows, forEachRowBlock, panelGroups, panelByteLength } from './tile.ts';

/**
 * Emits y = activation(x·Wᵀ + b) for any number of rows ≥ 1: a dense layer, or the input projection of a
 * whole sequence. x [rows, padded(inner)]  w [panels][inner][16]  b [padded(columns)]  y [rows,
 * padded(columns)]
 * @returns the function's name; its parameters are x, w, bias, y, rows.
 */
export function emitLinear(
  e: Emitter,
  shape: { inner: number; columns: number; activation?: Activation },
): string {
  const { inner, columns, activation = 'linear' } = shape;
  const panels = countPanels(columns);
  const xStride = padded(inner) * 4;
  const yStride = panels * panelBytes;
  const name = `linear_${inner}_${columns}_${activation}`;

  return e.module.function(name, ['x', 'w', 'bias', 'y', 'rows'], (f, { x, w, bias, y, rows }) => {
    const tile = (
      rowCount: number,
      width: number,
      xAt: I32Local,
      wAt: I32Local,
      bAt: I32Local,
      yAt: I32Local,
    ): void => {
      const acc = Array.from({ length: rowCount }, () =>
        Array.from({ length: width * panelVectors }, (_, v) => f.v128(load(bAt, v * 16))),
      );
      accumulate(f, { rows: rowCount, panels: width, inner, xStride }, xAt, wAt, acc);
      acc.forEach((row, r) => {
        activate(f, e, row, activation);
        row.forEach((sum, v) => f.store(yAt, sum, r * yStride + v * 16));
      });
    };

    /** One or two rows: several panels at a time, to keep the multipliers busy. */
    const fewRows = (rowCount: number, wide: number): void => {
      for (const { width, count, first } of panelGroups(panels, wide)) {
        const wAt = f.i32(add(w, first * panelByteLength(inner)));
        const bAt = f.i32(add(bias, first * panelBytes));
        const yAt = f.i32(add(y, first * panelBytes));
        f.repeat(f.i32(count), () => {
          tile(rowCount, width, x, wAt, bAt, yAt);
          f.advance(wAt, width * panelByteLength(inner));
          f.advance(bAt, width * panelBytes);
          f.advance(yAt, width * panelBytes);
        });
      }
    };

    /** Many rows: a panel stays in the first-level cache while all rows use it. */
    const manyRows = (): void => {
      const xAt = f.i32();
      const yAt = f.i32();
      f.repeat(f.i32(panels), () => {
        f.set(xAt, x);
        f.set(yAt, y);
        forEachRowBlock(f, rows, (block) => {
          tile(block, 1, xAt, w, bias, yAt);
          f.advance(xAt, block * xStride);
          f.advance(yAt, block * yStride);
        });
        f.advance(w, panelByteLength(inner));
        f.advance(bias, panelBytes);
        f.advance(y, panelBytes);
      });
    };

    branchOnRows(f, rows, { one: () => fewRows(1, 4), two: () => fewRows(2, 2), more: manyRows });
  });
}
