/**
 * y = W x + b. W [out, in] row-major  x [in]  b [out] → [out], all sums in float64, from the first term to the
 * last.
 */
export function linear(w: ArrayLike<number>, x: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const y = new Float64Array(b.length);
  const inner = x.length;
  const operand = x instanceof Float64Array ? x : Float64Array.from(x);
  // an addition waits for the one before it, so the sums of four rows run side by side
  let row = 0;
  for (; row + 4 <= y.length; row += 4) {
    let [sum0, sum1, sum2, sum3] = [b[row]!, b[row + 1]!, b[row + 2]!, b[row + 3]!];
    const [at0, at1, at2, at3] = [0, 1, 2, 3].map((next) => (row + next) * inner) as Four;
    for (let k = 0; k < inner; k++) {
      const value = operand[k]!;
      sum0 += w[at0 + k]! * value;
      sum1 += w[at1 + k]! * value;
      sum2 += w[at2 + k]! * value;
      sum3 += w[at3 + k]! * value;
    }
    y[row] = sum0;
    y[row + 1] = sum1;
    y[row + 2] = sum2;
    y[row + 3] = sum3;
  }
  for (; row < y.length; row++) {
    let sum = b[row]!;
    for (let k = 0; k < inner; k++) sum += w[row * inner + k]! * operand[k]!;
    y[row] = sum;
  }
  return y;
}

type Four = [number, number, number, number];
