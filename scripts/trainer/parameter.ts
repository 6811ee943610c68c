import type { SharedMemory } from '../../src/kernel/memory.ts';
import type { Rng } from '../../src/decoding/rng.ts';
import { createMatrix, type Matrix } from './matrix.ts';

/**
 * A trained matrix and the gradient of the loss in it. Weights lie [in, out], the transpose of the file's, so that
 * x·W is a plain product. Numbers past a row's end are zero in both, and so stay zero.
 */
export interface Parameter {
  readonly value: Matrix;
  readonly gradient: Matrix;
}

/** All zeros. */
export function createParameter(memory: SharedMemory, rows: number, columns: number): Parameter {
  return { value: createMatrix(memory, rows, columns), gradient: createMatrix(memory, rows, columns) };
}

/** Uniform in ±bound over some columns of every row. */
export function randomise(
  { value }: Parameter,
  rng: Rng,
  bound: number,
  columns = { from: 0, to: value.columns },
): void {
  for (let r = 0; r < value.rows; r++)
    for (let k = columns.from; k < columns.to; k++)
      value.values[r * value.stride + k] = (2 * rng.next() - 1) * bound;
}
