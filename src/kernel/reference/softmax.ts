/**
 * softmax over each row of x [rows, width]: eˣ / Σ eˣ. The row's largest value is taken away first, which changes
 * nothing but keeps eˣ finite. A row that holds a NaN or +∞ is NaN.
 */
export function softmax(x: ArrayLike<number>, width: number): Float64Array {
  return eachRow(x, width, (row) => {
    const top = largest(row);
    const exponentials = row.map((value) => Math.exp(value - top));
    const total = sum(exponentials);
    return exponentials.map((value) => value / total);
  });
}

/** log softmax over each row of x [rows, width]: x − log Σ eˣ. */
export function logSoftmax(x: ArrayLike<number>, width: number): Float64Array {
  return eachRow(x, width, (row) => {
    const top = largest(row);
    const shifted = row.map((value) => value - top);
    const logTotal = Math.log(sum(shifted.map((value) => Math.exp(value))));
    return shifted.map((value) => value - logTotal);
  });
}

const largest = (row: Float64Array): number => row.reduce((a, b) => Math.max(a, b), -Infinity);
const sum = (row: Float64Array): number => row.reduce((a, b) => a + b, 0);

function eachRow(
  x: ArrayLike<number>,
  width: number,
  apply: (row: Float64Array) => Float64Array,
): Float64Array {
  const y = Float64Array.from(x);
  for (let start = 0; start < y.length; start += width) y.set(apply(y.slice(start, start + width)), start);
  return y;
}
