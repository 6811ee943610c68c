import { padded } from '../../src/kernel/emit/emitter.ts';
import type { SharedMemory } from '../../src/kernel/memory.ts';

/** Rows of float32 in the kernel's memory. A row takes `stride` numbers; those past `columns` stay zero. */
export interface Matrix {
  /** Address of the first number. */
  readonly at: number;
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
  /** [rows · stride] */
  readonly values: Float32Array;
}

/** All zeros. */
export function createMatrix(memory: SharedMemory, rows: number, columns: number): Matrix {
  const stride = padded(columns);
  const at = memory.allocate(rows * stride * 4);
  return { at, rows, columns, stride, values: new Float32Array(memory.memory.buffer, at, rows * stride) };
}

/** The same numbers without the first rows. */
export const withoutFirst = (matrix: Matrix, rows: number): Matrix => ({
  ...matrix,
  at: matrix.at + rows * matrix.stride * 4,
  rows: matrix.rows - rows,
  values: matrix.values.subarray(rows * matrix.stride),
});

/** to [columns, rows] = from [rows, columns]ᵀ, in squares that stay in the first-level cache */
export function transpose(from: Matrix, to: Matrix, rows = from.rows): void {
  const square = 16;
  for (let r0 = 0; r0 < rows; r0 += square)
    for (let c0 = 0; c0 < from.columns; c0 += square)
      for (let c = c0; c < Math.min(from.columns, c0 + square); c++)
        for (let r = r0; r < Math.min(rows, r0 + square); r++)
          to.values[c * to.stride + r] = from.values[r * from.stride + c]!;
}

/** Every row of `to` becomes the one row of `bias`. to [rows, columns]  bias [1, columns] */
export function fillRows(to: Matrix, bias: Matrix, rows: number): void {
  const row = bias.values.subarray(0, to.stride);
  for (let r = 0; r < rows; r++) to.values.set(row, r * to.stride);
}

/** sum [1, columns] += Σ rows of from [rows, columns] */
export function addRows(from: Matrix, sum: Matrix, rows: number): void {
  const total = new Float64Array(from.columns);
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < from.columns; k++) total[k]! += from.values[r * from.stride + k]!;
  for (let k = 0; k < from.columns; k++) sum.values[k]! += total[k]!;
}
