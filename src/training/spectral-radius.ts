const squarings = 16;

/**
 * The largest modulus of a square matrix's eigenvalues: lim |Aᵏ|^(1/k) (Gelfand 1941), k doubled by squaring until it is
 * 2¹⁶, scaled at every turn; what is left of the norm's own factor is its 2¹⁶th root. matrix [size, size]
 */
export function spectralRadius(matrix: ArrayLike<number>, size: number): number {
  let power: Float64Array = Float64Array.from(matrix);
  let logarithm = 0;
  let exponent = 1;
  for (let turn = 0; turn <= squarings; turn++) {
    const norm = Math.sqrt(power.reduce((sum, value) => sum + value * value, 0));
    if (norm === 0) return 0;
    logarithm += Math.log(norm) / exponent;
    if (turn === squarings) break;
    power = square(
      power.map((value) => value / norm),
      size,
    );
    exponent *= 2;
  }
  return Math.exp(logarithm);
}

function square(a: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let k = 0; k < size; k++) {
      const factor = a[i * size + k]!;
      if (factor === 0) continue;
      for (let j = 0; j < size; j++)
        product[i * size + j] = product[i * size + j]! + factor * a[k * size + j]!;
    }
  return product;
}
