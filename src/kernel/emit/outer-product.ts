import type { I32Local } from '../assembler/function-builder.ts';
import { add, fma, lessThan, load, loadSplat, mul, vadd, type I32Like } from '../assembler/expressions.ts';
import type { Emitter } from './emitter.ts';
import { padded, panelBytes, countPanels, panelVectors } from '../layout.ts';

// Gradients of weights: Σ over rows of x[row]ᵀ · dy[row]. Both operands are read column by column, so a chunk
// of rows is first copied panel by panel, where the next row is 64 bytes away; a panel of a chunk then stays
// in the first-level cache.

/** Rows in a chunk: a panel of it takes 16 KiB. */
export const chunkRows = 256;
/** A cache line more than the rows take: at whole KiB, a row's panels would share one set of the cache. */
const panelStride = (chunkRows + 1) * panelBytes;

/** Bytes of a chunk of `width` columns. */
export const chunkBytes = (width: number): number => countPanels(width) * panelStride;

/**
 * Emits chunk[panel][row][16] ← x[row][panel·16 …] for 1 ≤ rows ≤ chunkRows. x [rows, padded(width)]
 * @returns the function's name; its parameters are x, chunk, rows.
 */
export function emitCopyToChunk(e: Emitter, width: number): string {
  return e.module.function(`to_chunk_${padded(width)}`, ['x', 'chunk', 'rows'], (f, { x, chunk, rows }) => {
    f.repeat(rows, () => {
      const to = f.i32(chunk);
      f.repeat(f.i32(countPanels(width)), () => {
        const vectors = Array.from({ length: panelVectors }, (_, v) => f.v128(load(x, v * 16)));
        vectors.forEach((vector, v) => f.store(to, vector, v * 16));
        f.advance(x, panelBytes);
        f.advance(to, panelStride);
      });
      f.advance(chunk, panelBytes);
    });
  });
}

/**
 * Emits gradient[panel][k][16] += Σ_row x[row][k] · dy[row][panel·16 …], rows in order, for 1 ≤ rows ≤
 * chunkRows. x: a chunk of `inner` columns   dy: a chunk of `columns`   gradient: as packed weights are,
 * [panels][inner][16]
 * @returns the function's name; its parameters are x, dy, gradient, rows.
 */
export function emitOuterProduct(e: Emitter, { inner, columns }: { inner: number; columns: number }): string {
  const panels = countPanels(columns);
  const name = `outer_${inner}_${padded(columns)}`;
  return e.module.function(name, ['x', 'dy', 'gradient', 'rows'], (f, { x, dy, gradient, rows }) => {
    const bytes = f.i32(mul(rows, panelBytes));

    /**
     * `count` columns of x from `first` on, times one panel of dy: the sums stay in registers over all rows.
     */
    const tile = (xPanel: I32Like, first: number, count: number, out: I32Local): void => {
      const at = (k: number, v: number): number => (first + k) * panelBytes + v * 16;
      const sums = Array.from({ length: count }, (_, k) =>
        Array.from({ length: panelVectors }, (__, v) => f.v128(load(out, at(k, v)))),
      );
      const xAt = f.i32(xPanel);
      const dyAt = f.i32(dy);
      const end = f.i32(add(dy, bytes));
      const columnsOfDy = f.vectors(panelVectors);
      const xk = f.v128();
      f.doWhile(
        () => {
          columnsOfDy.forEach((vector, v) => f.set(vector, load(dyAt, v * 16)));
          sums.forEach((row, k) => {
            f.set(xk, loadSplat(xAt, (first + k) * 4));
            row.forEach((sum, v) => f.set(sum, fma(columnsOfDy[v]!, xk, sum)));
          });
          f.advance(xAt, panelBytes);
          f.advance(dyAt, panelBytes);
        },
        () => lessThan(dyAt, end),
      );
      sums.forEach((row, k) => row.forEach((sum, v) => f.store(out, sum, at(k, v))));
    };
    const emitPanel = (xPanel: I32Local, out: I32Local, width: number): void => {
      let first = 0;
      for (const count of tiles(width)) {
        tile(xPanel, first, count, out);
        first += count;
      }
    };

    f.repeat(f.i32(panels), () => {
      const xPanel = f.i32(x);
      const out = f.i32(gradient);
      const whole = Math.floor(inner / 16);
      if (whole > 0)
        f.repeat(f.i32(whole), () => {
          emitPanel(xPanel, out, 16);
          f.advance(xPanel, panelStride);
          f.advance(out, 16 * panelBytes);
        });
      if (inner % 16 > 0) emitPanel(xPanel, out, inner % 16);
      f.advance(dy, panelStride);
      f.advance(gradient, inner * panelBytes);
    });
  });
}

/** Splits columns evenly into at most six: 6 × 4 vectors fill the registers. */
function tiles(width: number): number[] {
  const count = Math.ceil(width / 6);
  return Array.from({ length: count }, (_, i) => Math.floor((width + count - 1 - i) / count));
}

/**
 * Emits sums[panel·16 …] += Σ_row dy[row], rows in order: the gradient of a bias. dy: a chunk of `columns`
 * @returns the function's name; its parameters are dy, sums, rows.
 */
export function emitColumnSums(e: Emitter, columns: number): string {
  return e.module.function(
    `column_sums_${padded(columns)}`,
    ['dy', 'sums', 'rows'],
    (f, { dy, sums, rows }) => {
      const bytes = f.i32(mul(rows, panelBytes));
      f.repeat(f.i32(countPanels(columns)), () => {
        const at = f.i32(dy);
        const end = f.i32(add(dy, bytes));
        const totals = Array.from({ length: panelVectors }, (_, v) => f.v128(load(sums, v * 16)));
        f.doWhile(
          () => {
            totals.forEach((total, v) => f.set(total, vadd(total, load(at, v * 16))));
            f.advance(at, panelBytes);
          },
          () => lessThan(at, end),
        );
        totals.forEach((total, v) => f.store(sums, total, v * 16));
        f.advance(dy, panelStride);
        f.advance(sums, panelBytes);
      });
    },
  );
}
