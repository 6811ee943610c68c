import type { Rng } from '../../src/decoding/rng.ts';
import type { Matrix } from './matrix.ts';

/**
 * Inverted dropout (Srivastava et al. 2014): a number is dropped with probability `rate`, the others grow by
 * 1 / (1 − rate), so that serving needs no change. `apply` draws a mask; `again` uses the same one, for the gradient.
 */
export function createDropout(
  rate: number,
  rng: Rng,
  size: number,
): { apply(matrix: Matrix, rows: number): void; again(matrix: Matrix, rows: number): void } {
  const mask = new Float32Array(size);
  const again = (matrix: Matrix, rows: number): void => {
    if (rate > 0) for (let k = 0; k < rows * matrix.stride; k++) matrix.values[k]! *= mask[k]!;
  };
  return {
    again,
    apply(matrix, rows) {
      if (rate > 0)
        for (let k = 0; k < rows * matrix.stride; k++) mask[k] = rng.next() < rate ? 0 : 1 / (1 - rate);
      again(matrix, rows);
    },
  };
}
