import type { FunctionBuilder, I32Local } from '../assembler/function-builder.ts';
import { add, eq, i32, lessThan, load, mul, sub } from '../assembler/expressions.ts';
import type { Precision } from '../precision.ts';
import { activate, type Activation } from './activations.ts';
import type { Emitter } from './emitter.ts';
import { padded, panelBytes, panelVectors, countPanels } from '../layout.ts';
import { productOf } from './product.ts';
import { forEachPanelTile, panelGroups, rowPanels } from './row-blocks.ts';

/** Rows that are converted at a time where the precision is of integers. */
const convertedRows = 64;

interface LinearShape {
  readonly inner: number;
  readonly columns: number;
  readonly activation?: Activation;
  /** Of the weights, float32 by default. */
  readonly precision?: Precision;
}

/** Bytes of scratch that a product needs: 0 for float32. */
export function linearScratch({ inner, precision = 'float32' }: LinearShape): number {
  const { convertRows, rowByteLength } = productOf(precision, inner);
  return convertRows ? convertedRows * rowByteLength : 0;
}

/**
 * Emits y = activation(x·Wᵀ + b) for any number of rows ≥ 0: a dense layer, or the input projection of a whole sequence.
 * x [rows, padded(inner)]  w [panels]  b [padded(columns)]  y [rows, padded(columns)]
 * @returns the function's name; its parameters are x, w, bias, y, rows, scratch.
 */
export function emitLinear(e: Emitter, layer: LinearShape): string {
  const { inner, columns, activation = 'linear', precision = 'float32' } = layer;
  const product = productOf(precision, inner);
  const panels = countPanels(columns);
  const xStride = product.rowByteLength;
  const yStride = panels * panelBytes;
  const panelByteLength = product.panelByteLength;
  const name = `linear_${inner}_${columns}_${activation}${product.label}`;

  interface Addresses {
    readonly x: I32Local;
    readonly w: I32Local;
    readonly bias: I32Local;
    readonly y: I32Local;
  }
  const multiply = (f: FunctionBuilder, given: Addresses, rows: I32Local): void => {
    const tile = (shape: { rows: number; vectors: number; first: number }, at: Addresses): void => {
      const column = (v: number): number => (shape.first + v) * 16;
      const sums = product.multiply(f, e, shape, at.x, at.w, (_, v) => load(at.bias, column(v)));
      sums.forEach((row, r) => {
        activate(f, e, row, activation);
        row.forEach((sum, v) => f.store(at.y, sum, r * yStride + column(v)));
      });
    };

    /** Several panels at a time, to keep the multipliers busy. */
    const oneRow = (): void => {
      for (const { width, count, first } of panelGroups(panels, rowPanels)) {
        const w = f.i32(add(given.w, first * panelByteLength));
        const bias = f.i32(add(given.bias, first * panelBytes));
        const y = f.i32(add(given.y, first * panelBytes));
        f.repeat(f.i32(count), () => {
          tile({ rows: 1, vectors: width * panelVectors, first: 0 }, { x: given.x, w, bias, y });
          f.advance(w, width * panelByteLength);
          f.advance(bias, width * panelBytes);
          f.advance(y, width * panelBytes);
        });
      }
    };

    /** A tile's weights stay in the first-level cache while all rows use them. */
    const manyRows = (): void => {
      const [x, w, bias, y] = [f.i32(), f.i32(), f.i32(), f.i32()];
      forEachPanelTile(f, rows, panels, (shape, row, panel) => {
        f.set(x, add(given.x, mul(row, xStride)));
        f.set(w, add(given.w, mul(panel, panelByteLength)));
        f.set(bias, add(given.bias, mul(panel, panelBytes)));
        f.set(y, add(add(given.y, mul(row, yStride)), mul(panel, panelBytes)));
        tile(shape, { x, w, bias, y });
      });
    };

    f.if(rows, () => f.if(eq(rows, 1), oneRow, manyRows));
  };

  return e.module.function(name, ['x', 'w', 'bias', 'y', 'rows', 'scratch'], (f, p) => {
    const { convertRows } = product;
    if (!convertRows) {
      multiply(f, p, p.rows);
      return;
    }
    const block = f.i32();
    f.while(
      () => lessThan(0, p.rows),
      () => {
        f.set(block, p.rows);
        f.if(lessThan(convertedRows, block), () => f.set(block, i32(convertedRows)));
        convertRows(f, e, { from: p.x, to: p.scratch, rows: block });
        multiply(f, { ...p, x: p.scratch }, block);
        f.advance(p.x, convertedRows * padded(inner) * 4);
        f.advance(p.y, convertedRows * yStride);
        f.set(p.rows, sub(p.rows, block));
      },
    );
  });
}
