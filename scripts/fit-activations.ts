// Prints the coefficients in src/kernel/emit/activations.ts: near-minimax fits by Lawson's iteration
// (weighted least squares whose weights grow where the error is largest), solved in float64 on
// Chebyshev-spaced points.

/** Least squares by Householder QR. rows [m, n], target [m] → [n] */
function leastSquares(rows: number[][], target: number[]): number[] {
  const m = rows.length;
  const n = rows[0]!.length;
  const a = rows.map((row, i) => [...row, target[i]!]);
  for (let k = 0; k < n; k++) {
    let norm = 0;
    for (let i = k; i < m; i++) norm += a[i]![k]! ** 2;
    norm = Math.sqrt(norm) * (a[k]![k]! > 0 ? -1 : 1);
    const v = Array.from({ length: m }, (_, i) => (i < k ? 0 : a[i]![k]! - (i === k ? norm : 0)));
    const vv = v.reduce((sum, x) => sum + x * x, 0);
    for (let j = k; j <= n; j++) {
      let dot = 0;
      for (let i = k; i < m; i++) dot += v[i]! * a[i]![j]!;
      for (let i = k; i < m; i++) a[i]![j]! -= (2 * dot * v[i]!) / vv;
    }
  }
  const x = Array<number>(n).fill(0);
  for (let k = n - 1; k >= 0; k--) {
    let sum = a[k]![n]!;
    for (let j = k + 1; j < n; j++) sum -= a[k]![j]! * x[j]!;
    x[k] = sum / a[k]![k]!;
  }
  return x;
}

const points = (low: number, high: number, count: number): number[] =>
  Array.from(
    { length: count },
    (_, i) => (low + high) / 2 - ((high - low) / 2) * Math.cos((Math.PI * (i + 0.5)) / count),
  );
const horner = (coefficients: number[], x: number): number =>
  coefficients.reduceRight((sum, c) => sum * x + c, 0);

/**
 * exp(r) − 1 = r + r²·q(r) for |r| ≤ ln2/2, minimising the error relative to `scale(r)`; prints q's
 * coefficients.
 */
function fitExp(degree: number, name: string, scale: (r: number) => number): void {
  const rs = points(-Math.LN2 / 2, Math.LN2 / 2, 400);
  let weights = rs.map(() => 1);
  let best: number[] = [];
  let worst = Infinity;
  for (let round = 0; round < 200; round++) {
    const q = leastSquares(
      rs.map((r, i) => Array.from({ length: degree - 1 }, (_, k) => (weights[i]! * r ** (k + 2)) / scale(r))),
      rs.map((r, i) => (weights[i]! * (Math.expm1(r) - r)) / scale(r)),
    );
    const errors = rs.map((r) => Math.abs((r + r * r * horner(q, r) - Math.expm1(r)) / scale(r)));
    const largest = Math.max(...errors);
    if (largest < worst) [worst, best] = [largest, q];
    weights = weights.map((w, i) => Math.sqrt(w * w * (errors[i]! / largest + 1e-3)));
  }
  console.log(`${name}, degree ${degree}: max relative error ${worst.toExponential(2)}\n`, best);
}

fitExp(5, 'exp', Math.exp);
fitExp(6, 'expm1', (r) => Math.abs(Math.expm1(r)));
