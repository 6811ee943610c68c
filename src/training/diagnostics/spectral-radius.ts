/** Up to this size powers of the matrix are cheap enough. */
const small = 64;
const squarings = 16;
const steps = 1000;

/**
 * The largest modulus of a square matrix's eigenvalues, lim |Aᵏ|^(1/k) (Gelfand 1941). A small matrix is squared again and
 * again: |A²ᵏ| / |Aᵏ| grows by it to the k. A larger one is applied to a vector a thousand times, and how fast that grows
 * from half-way on tells it to about a thousandth. matrix [size, size]
 */
export function spectralRadius(matrix: ArrayLike<number>, size: number): number {
  return size <= small ? bySquaring(matrix, size) : byGrowth(matrix, size);
}

function bySquaring(matrix: ArrayLike<number>, size: number): number {
  let power: Float64Array = Float64Array.from(matrix);
  /** ln |Aᵏ|, of which `power` is Aᵏ / |Aᵏ|. */
  let logarithm = 0;
  let before = 0;
  let exponent = 1;
  for (let turn = 0; turn <= squarings; turn++) {
    const norm = lengthOf(power);
    if (norm === 0) return 0;
    before = logarithm;
    logarithm = (turn === 0 ? 0 : 2 * logarithm) + Math.log(norm);
    for (let i = 0; i < power.length; i++) power[i] = power[i]! / norm;
    if (turn === squarings) break;
    power = square(power, size);
    exponent *= 2;
  }
  return Math.exp((logarithm - before) / (exponent / 2));
}

function byGrowth(matrix: ArrayLike<number>, size: number): number {
  // any vector but one of measure zero will do
  let vector = Float64Array.from({ length: size }, (_, i) => 1 + Math.sin(i * 12.9898));
  let grown = 0;
  for (let step = 0; step < steps; step++) {
    const next = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let j = 0; j < size; j++) sum += matrix[i * size + j]! * vector[j]!;
      next[i] = sum;
    }
    const norm = lengthOf(next);
    if (norm === 0) return 0;
    if (step >= steps / 2) grown += Math.log(norm);
    vector = next.map((value) => value / norm);
  }
  return Math.exp(grown / (steps / 2));
}

const lengthOf = (values: Float64Array): number =>
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
