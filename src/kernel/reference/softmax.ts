/** exp(x) / Σ exp(x), shifted by the largest so that nothing overflows. x [columns] → [columns] */
export function softmax(x: ArrayLike<number>): Float64Array {
  return logSoftmax(x).map(Math.exp);
}

/** x − log Σ exp(x). x [columns] → [columns] */
export function logSoftmax(x: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(x);
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const logSum = largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return values.map((value) => value - logSum);
}
