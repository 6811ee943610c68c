// Prints the coefficients in src/kernel/emit/activations.ts: near-minimax fits by Lawson's iteration (weighted least
// squares whose weights grow where the error is largest), solved in float64 on Chebyshev-spaced points.
// exp(r) ≈ polynomial of degree 5 on |r| ≤ ln2/2;  tanh(x) ≈ x·P(x²)/Q(x²) on [0, limit], both for relative error.

const argument = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};

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

function fitExp(degree: number): void {
  const xs = points(-Math.LN2 / 2, Math.LN2 / 2, 400);
  let weights = xs.map(() => 1);
  let best: number[] = [];
  let worst = Infinity;
  for (let round = 0; round < 200; round++) {
    // coefficients 0 and 1 are held at 1 so that exp(0) = 1 exactly
    const solved = leastSquares(
      xs.map((x, i) =>
        Array.from({ length: degree - 1 }, (_, k) => (weights[i]! * x ** (k + 2)) / Math.exp(x)),
      ),
      xs.map((x, i) => (weights[i]! * (Math.exp(x) - 1 - x)) / Math.exp(x)),
    );
    const c = [1, 1, ...solved];
    const errors = xs.map((x) => Math.abs(horner(c, x) / Math.exp(x) - 1));
    const largest = Math.max(...errors);
    if (largest < worst) [worst, best] = [largest, c];
    weights = weights.map((w, i) => Math.sqrt(w * w * (errors[i]! / largest + 1e-3)));
  }
  console.log(`exp degree ${degree}: max relative error ${worst.toExponential(2)}\n`, best);
}

function fitTanh(limit: number, p: number, q: number): void {
  const xs = points(0, limit, 600).filter((x) => x > 1e-3);
  const scale = limit * limit; // powers of u = x² / limit² keep the system well conditioned
  let weights = xs.map(() => 1);
  let q0 = xs.map(() => 1);
  let best: number[] = [];
  let worst = Infinity;
  for (let round = 0; round < 400; round++) {
    const rows = xs.map((x, i) => {
      const u = (x * x) / scale;
      const w = weights[i]! / q0[i]!;
      const r = Math.tanh(x) / x;
      return [
        ...Array.from({ length: p + 1 }, (_, k) => (w * u ** k) / r),
        ...Array.from({ length: q }, (_, k) => -w * u ** (k + 1)),
      ];
    });
    const solved = leastSquares(
      rows,
      xs.map((_, i) => weights[i]! / q0[i]!),
    );
    const top = solved.slice(0, p + 1);
    const bottom = [1, ...solved.slice(p + 1)];
    const denominators = xs.map((x) => horner(bottom, (x * x) / scale));
    const errors = xs.map((x, i) =>
      Math.abs((x * horner(top, (x * x) / scale)) / denominators[i]! / Math.tanh(x) - 1),
    );
    const largest = Math.max(...errors);
    if (largest < worst) {
      worst = largest;
      best = [...top.map((c, k) => c / scale ** k), ...bottom.map((c, k) => c / scale ** k)];
    }
    q0 = denominators.map(Math.abs);
    weights = weights.map((w, i) => Math.sqrt(w * w * (errors[i]! / largest + 1e-3)));
  }
  console.log(`tanh on [0, ${limit}] ${p}/${q}: max relative error ${worst.toExponential(2)}`);
  console.log(' P', best.slice(0, p + 1), '\n Q', best.slice(p + 1));
}

fitExp(argument('exp', 5));
fitTanh(argument('limit', 9.01), argument('p', 5), argument('q', 4));
