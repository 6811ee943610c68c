/** Largest size for which the matrix is squared. */
const maxSquaringSize = 64;
const squarings = 16;
const steps = 1000;

/**
 * The largest modulus of a square matrix's eigenvalues, lim |Aᵏ|^(1/k) (Gelfand 1941). A small matrix is
 * squared repeatedly: |A²ᵏ| / |Aᵏ| tends to its k-th power. A larger one is applied to a vector 1000 times;
 * the growth of the vector over the second half gives the radius to about 0.1 %. matrix [size, size]
 */
export function spectralRadius(matrix: ArrayLike<number>, size: number): number {
  return size <= maxSquaringSize ? bySquaring(matrix, size) : byGrowth(matrix, size);
}

function bySquaring(matrix: ArrayLike<number>, size: number): number {
  let power: Float64Array = Float64Array.from(matrix);
  /** ln |Aᵏ|, of which `power` is Aᵏ / |Aᵏ|. */
  let logarithm = 0;
  let before = 0;
  let exponent = 1;
  for (let iteration = 0; iteration <= squarings; iteration++) {
    const norm = norm2(power);
    if (norm === 0) return 0;
    before = logarithm;
    logarithm = (iteration === 0 ? 0 : 2 * logarithm) + Math.log(norm);
    for (let i = 0; i < power.length; i++) power[i] = power[i]! / norm;
    if (iteration === squarings) break;
    power = square(power, size);
    exponent *= 2;
  }
  return Math.exp((logarithm - before) / (exponent / 2));
}

function byGrowth(matrix: ArrayLike<number>, size: number): number {
  // any vector, except a set of measure zero
  let vector = Float64Array.from({ length: size }, (_, i) => 1 + Math.sin(i * 12.9898));
  let logGrowth = 0;
  for (let step = 0; step < steps; step++) {
    const next = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += matrix[i * size + j]! * vector[j]!;
      next[i] = sum;
    }
    const norm = norm2(next);
    if (norm === 0) return 0;
    if (step >= steps / 2) logGrowth += Math.log(norm);
    vector = next.map((value) => value / norm);
  }
  return Math.exp(logGrowth / (steps / 2));
}

const norm2 = (values: Float64Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

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
