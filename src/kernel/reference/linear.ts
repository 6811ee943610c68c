/** What a product with a weight matrix takes. */
export interface LinearOptions {
  /** [rows, in], row-major */
  x: ArrayLike<number>;
  /** [units, in] */
  weight: ArrayLike<number>;
  /** [units]; zeros when left out */
  bias?: ArrayLike<number>;
  units: number;
}

/**
 * y = x·Wᵀ + b, a row at a time: a dense layer, the input projection of a sequence, a plain matrix product.
 * @returns y [rows, units]
 */
export function linear({ x, weight, bias, units }: LinearOptions): Float64Array {
  const width = weight.length / units;
  const rows = x.length / width;
  const y = new Float64Array(rows * units);
  for (let row = 0; row < rows; row++)
    for (let unit = 0; unit < units; unit++) {
      let sum = bias ? bias[unit]! : 0;
      for (let k = 0; k < width; k++) sum += weight[unit * width + k]! * x[row * width + k]!;
      y[row * units + unit] = sum;
    }
  return y;
}
