// Reverse-mode differentiation of vectors in float64: an operation puts its way back on the tape, and the tape is run from
// its end. So a reference forward pass written with these operations has its gradient, too.

export interface Variable {
  readonly values: Float64Array;
  readonly gradient: Float64Array;
}

export type Tape = ReturnType<typeof createTape>;

export function createTape() {
  const backwards: (() => void)[] = [];
  const variable = (values: Float64Array): Variable => ({
    values,
    gradient: new Float64Array(values.length),
  });

  /** y_i = f(x_i), with the derivative from x_i and y_i. */
  const map = (x: Variable, f: (x: number) => number, slope: (x: number, y: number) => number): Variable => {
    const y = variable(x.values.map(f));
    backwards.push(() => {
      y.gradient.forEach((dy, i) => (x.gradient[i]! += dy * slope(x.values[i]!, y.values[i]!)));
    });
    return y;
  };
  const pair = (
    a: Variable,
    b: Variable,
    f: (a: number, b: number) => number,
    slopes: (a: number, b: number) => readonly [number, number],
  ): Variable => {
    const y = variable(a.values.map((value, i) => f(value, b.values[i]!)));
    backwards.push(() => {
      y.gradient.forEach((dy, i) => {
        const [da, db] = slopes(a.values[i]!, b.values[i]!);
        a.gradient[i]! += dy * da;
        b.gradient[i]! += dy * db;
      });
    });
    return y;
  };

  return {
    variable,
    constant: (values: ArrayLike<number>): Variable => variable(Float64Array.from(values)),
    /** W x + b. W [rows, x] row-major; b may be left out */
    linear(w: Variable, x: Variable, b: Variable | null): Variable {
      const inner = x.values.length;
      const rows = w.values.length / inner;
      const y = variable(
        Float64Array.from({ length: rows }, (_, row) => {
          let sum = b ? b.values[row]! : 0;
          for (let k = 0; k < inner; k++) sum += w.values[row * inner + k]! * x.values[k]!;
          return sum;
        }),
      );
      backwards.push(() => {
        y.gradient.forEach((dy, row) => {
          if (b) b.gradient[row]! += dy;
          for (let k = 0; k < inner; k++) {
            w.gradient[row * inner + k]! += dy * x.values[k]!;
            x.gradient[k]! += dy * w.values[row * inner + k]!;
          }
        });
      });
      return y;
    },
    add: (a: Variable, b: Variable): Variable =>
      pair(
        a,
        b,
        (x, y) => x + y,
        () => [1, 1],
      ),
    sub: (a: Variable, b: Variable): Variable =>
      pair(
        a,
        b,
        (x, y) => x - y,
        () => [1, -1],
      ),
    mul: (a: Variable, b: Variable): Variable =>
      pair(
        a,
        b,
        (x, y) => x * y,
        (x, y) => [y, x],
      ),
    /** Element by element; of equals the first. */
    larger: (a: Variable, b: Variable): Variable =>
      pair(
        a,
        b,
        (x, y) => (y > x ? y : x),
        (x, y) => (y > x ? [0, 1] : [1, 0]),
      ),
    scale: (x: Variable, by: number): Variable =>
      map(
        x,
        (value) => value * by,
        () => by,
      ),
    map,
    sigmoid: (x: Variable): Variable =>
      map(
        x,
        (v) => 1 / (1 + Math.exp(-v)),
        (_, y) => y * (1 - y),
      ),
    tanh: (x: Variable): Variable => map(x, Math.tanh, (_, y) => 1 - y * y),
    relu: (x: Variable): Variable =>
      map(
        x,
        (v) => Math.max(0, v),
        (v) => (v > 0 ? 1 : 0),
      ),
    exp: (x: Variable): Variable => map(x, Math.exp, (_, y) => y),
    log: (x: Variable): Variable => map(x, Math.log, (v) => 1 / v),
    inverse: (x: Variable): Variable =>
      map(
        x,
        (v) => 1 / v,
        (_, y) => -y * y,
      ),
    root: (x: Variable): Variable => map(x, Math.sqrt, (_, y) => 0.5 / y),
    slice(x: Variable, from: number, to: number): Variable {
      const y = variable(x.values.slice(from, to));
      backwards.push(() => y.gradient.forEach((dy, i) => (x.gradient[from + i]! += dy)));
      return y;
    },
    concat(parts: readonly Variable[]): Variable {
      const y = variable(Float64Array.from(parts.flatMap(({ values }) => [...values])));
      backwards.push(() => {
        let at = 0;
        for (const { gradient } of parts)
          for (let i = 0; i < gradient.length; i++) gradient[i]! += y.gradient[at++]!;
      });
      return y;
    },
    /** Σ x, as a vector of one. */
    sum(x: Variable): Variable {
      const y = variable(Float64Array.of(x.values.reduce((total, value) => total + value, 0)));
      backwards.push(() => x.gradient.forEach((_, i) => (x.gradient[i]! += y.gradient[0]!)));
      return y;
    },
    /** One number at every place of a vector. */
    spread(x: Variable, length: number): Variable {
      const y = variable(new Float64Array(length).fill(x.values[0]!));
      backwards.push(() => y.gradient.forEach((dy) => (x.gradient[0]! += dy)));
      return y;
    },
    /** x − largest − ln Σ exp(x − largest) */
    logSoftmax(x: Variable): Variable {
      const largest = x.values.reduce((most, value) => Math.max(most, value), -Infinity);
      const total = Math.log(x.values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
      const y = variable(x.values.map((value) => value - largest - total));
      backwards.push(() => {
        const sum = y.gradient.reduce((all, dy) => all + dy, 0);
        y.gradient.forEach((dy, i) => (x.gradient[i]! += dy - Math.exp(y.values[i]!) * sum));
      });
      return y;
    },
    /** Runs back from a number: every variable then holds ∂result/∂itself. */
    differentiate(result: Variable): void {
      result.gradient[0] = 1;
      for (const back of backwards.toReversed()) back();
    },
  };
}
