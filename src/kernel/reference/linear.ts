/** y = W x + b. W [out, in] row-major  x [in]  b [out] → [out], all sums in float64. */
export function linear(w: ArrayLike<number>, x: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const inner = x.length;
  return Float64Array.from({ length: b.length }, (_, row) => {
    let sum = b[row]!;
    for (let k = 0; k < inner; k++) sum += w[row * inner + k]! * x[k]!;
    return sum;
  });
}
