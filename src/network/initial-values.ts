import type { Rng } from '../random.ts';

// First values of tensors before training.

export const uniform = (length: number, limit: number, random: Rng): Float32Array =>
  Float32Array.from({ length }, () => (2 * random.next() - 1) * limit);

/** Glorot and Bengio 2010. @param rows the matrix's own unless several gates share it */
export const glorotMatrix = (
  [own = 0, columns = 0]: readonly number[],
  random: Rng,
  rows: number = own,
): Float32Array => uniform(own * columns, Math.sqrt(6 / (rows + columns)), random);

/** He et al. 2015, for a matrix whose rows go through a relu. */
export const heMatrix = ([rows = 0, columns = 0]: readonly number[], random: Rng): Float32Array =>
  uniform(rows * columns, Math.sqrt(6 / columns), random);

/** Box and Muller's transform; 1 − u keeps the logarithm away from 0. */
const gaussian = (random: Rng): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

/** A random matrix with orthonormal rows: Gram and Schmidt's process in float64, [size, size]. */
export function orthogonalMatrix(size: number, random: Rng): Float32Array {
  const rows: Float64Array[] = [];
  while (rows.length < size) {
    const row = Float64Array.from({ length: size }, () => gaussian(random));
    for (const other of rows) {
      let along = 0;
      for (let k = 0; k < size; k++) along += row[k]! * other[k]!;
      for (let k = 0; k < size; k++) row[k] = row[k]! - along * other[k]!;
    }
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    // a row almost in the span of the previous ones has no accurate digits left: draw again
    if (length > 1e-3) rows.push(row.map((value) => value / length));
  }
  return Float32Array.from(rows.flatMap((row) => [...row]));
}
