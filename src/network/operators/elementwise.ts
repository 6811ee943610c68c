import type { OperatorSpec } from '../program-spec.ts';
import {
  broadcast,
  broadcastStrides,
  operandOf,
  placesOf,
  refuseOperator,
  sizeOf,
  type Kind,
  type Operand,
  type Values,
} from './operand.ts';
import { numberOf, textOf, type OperatorKind, type Prepared, type Preparing } from './operator.ts';
import { outer } from './positional.ts';

// Operators that look at one place of each input. x, a, b, y: any shapes that fit each other

type Unary = (x: number) => number;
type Binary = (a: number, b: number) => number;

const unary =
  (f: (operator: OperatorSpec) => Unary, kind?: Kind): OperatorKind =>
  (operator, [x], preparing) => {
    const from = outer(x);
    const y = operandOf(preparing, kind ?? from.kind, from.shape, from.known);
    const of = f(operator);
    return { outputs: [y], run: () => each(from.values, y.values, of) };
  };

/** The same with a loop of its own, for what is called often. */
const loops =
  (run: (x: Values, y: Values) => void): OperatorKind =>
  (_, [x], preparing) => {
    const from = outer(x);
    const y = operandOf(preparing, from.kind, from.shape, from.known);
    return { outputs: [y], run: () => run(from.values, y.values) };
  };

function each(x: Values, y: Values, f: Unary): void {
  for (let i = 0; i < y.length; i++) y[i] = f(x[i]!);
}

/** An operand as wide as the result: its own numbers, or a copy that is made anew before each run unless it is known. */
function widened(
  x: Operand,
  shape: readonly number[],
  preparing: Preparing,
): { values: Values; refresh: (() => void) | null } {
  if (x.values.length === sizeOf(shape)) return { values: x.values, refresh: null };
  const { values } = operandOf(preparing, x.kind, shape);
  const places = x.values.length === 1 ? null : placesOf(shape, broadcastStrides(x.shape, shape));
  const from = x.values;
  const refresh = (): void => {
    if (places === null) values.fill(from[0]!);
    else for (let i = 0; i < values.length; i++) values[i] = from[places[i]!]!;
  };
  if (!x.known) return { values, refresh };
  refresh();
  return { values, refresh: null };
}

type Pairs = (a: Values, b: Values, y: Values) => void;

/** The commonest operations side by side, a loop each: one that calls a function a number takes several times as long. */
const pairs: Readonly<Record<string, Pairs>> = {
  Add(a, b, y) {
    for (let i = 0; i < y.length; i++) y[i] = a[i]! + b[i]!;
  },
  Sub(a, b, y) {
    for (let i = 0; i < y.length; i++) y[i] = a[i]! - b[i]!;
  },
  Mul(a, b, y) {
    for (let i = 0; i < y.length; i++) y[i] = a[i]! * b[i]!;
  },
};

/** y = f(a, b), place by place. */
function binaryRun(
  a: Operand,
  b: Operand,
  y: Operand,
  f: Binary,
  preparing: Preparing,
  sideBySide?: Pairs,
): () => void {
  const [one, other] = [widened(a, y.shape, preparing), widened(b, y.shape, preparing)];
  const [x, z, out] = [one.values, other.values, y.values];
  const run =
    sideBySide ??
    ((): void => {
      for (let i = 0; i < out.length; i++) out[i] = f(x[i]!, z[i]!);
    });
  return () => {
    one.refresh?.();
    other.refresh?.();
    run(x, z, out);
  };
}

/** Any number of inputs, taken together from the left. */
const together =
  (f: (kind: Kind) => Binary, kind?: Kind): OperatorKind =>
  ({ operator }, inputs, preparing) => {
    const [first, ...rest] = inputs.map(outer);
    if (rest.length === 0) return { outputs: [first!], run: null };
    const runs: (() => void)[] = [];
    const last = rest.reduce((a, b) => {
      const y = operandOf(preparing, kind ?? a.kind, broadcast(a.shape, b.shape), a.known && b.known);
      runs.push(binaryRun(a, b, y, f(a.kind), preparing, pairs[operator]));
      return y;
    }, first!);
    return { outputs: [last], run: () => runs.forEach((run) => run()) };
  };

const truth = (f: (a: number, b: number) => boolean): OperatorKind =>
  together(() => (a, b) => (f(a, b) ? 1 : 0), 'bool');

/** Quotients of whole numbers are cut towards zero. */
const divide = (kind: Kind): Binary =>
  kind === 'float' ? (a, b) => a / b : (a, b) => (b === 0 ? 0 : Math.trunc(a / b));

/** A square is a product: that is what nearly every Pow is. */
const power: OperatorKind = (operator, [base, exponent], preparing) => {
  const [a, b] = [outer(base), outer(exponent)];
  if (b.known && b.values.length === 1 && b.values[0] === 2)
    return together(() => (x, z) => x * z)({ ...operator, operator: 'Mul' }, [a, a], preparing);
  return together(() => (x, z) => x ** z)(operator, [a, b], preparing);
};

/** The sign of the divisor, or with fmod that of the dividend. */
const modulo: OperatorKind = (operator, inputs, preparing) => {
  const cut = numberOf(operator, 'fmod', 0) !== 0;
  const f: Binary = cut ? (a, b) => a % b : (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b));
  return together(() => f)(operator, inputs, preparing);
};

/** Halves go to the even neighbour. */
const roundEven: Unary = (x) => {
  const down = Math.floor(x);
  return x - down === 0.5 ? 2 * Math.round(down / 2) : Math.round(x);
};

const where: OperatorKind = (_, inputs, preparing) => {
  const [condition, a, b] = inputs.map(outer);
  const shape = broadcast(broadcast(condition!.shape, a!.shape), b!.shape);
  const y = operandOf(preparing, a!.kind, shape, condition!.known && a!.known && b!.known);
  const [c, x, z] = [condition!, a!, b!].map((one) => placesOf(shape, broadcastStrides(one.shape, shape)));
  const [chosen, yes, no] = [condition!.values, a!.values, b!.values];
  return {
    outputs: [y],
    run: () => {
      for (let i = 0; i < y.values.length; i++) y.values[i] = chosen[c![i]!] ? yes[x![i]!]! : no[z![i]!]!;
    },
  };
};

const clip: OperatorKind = (_, [x, low, high], preparing) => {
  const from = outer(x);
  const y = operandOf(
    preparing,
    from.kind,
    from.shape,
    from.known && (low?.known ?? true) && (high?.known ?? true),
  );
  return {
    outputs: [y],
    run: () => {
      const least = low?.values[0] ?? -Infinity;
      const most = high?.values[0] ?? Infinity;
      each(from.values, y.values, (value) => Math.min(most, Math.max(least, value)));
    },
  };
};

/** ONNX's TensorProto.DataType as kinds. */
const kindOfType = (type: number): Kind =>
  [1, 10, 11, 16].includes(type)
    ? 'float'
    : type === 9
      ? 'bool'
      : [2, 3, 4, 5, 6, 7, 12, 13].includes(type)
        ? 'int'
        : refuseOperator(`data type ${type}`);

/** To float as it is, to whole numbers cut towards zero. */
function cast(to: Kind, from: Operand, preparing: Preparing): Prepared {
  if (to === from.kind) return { outputs: [from], run: null };
  const y = operandOf(preparing, to, from.shape, from.known);
  const f: Unary = to === 'bool' ? (x) => (x === 0 ? 0 : 1) : to === 'int' ? Math.trunc : (x) => x;
  return { outputs: [y], run: () => each(from.values, y.values, f) };
}

const f32 = (operator: OperatorSpec, name: string, otherwise: number): number =>
  numberOf(operator, name, otherwise);

/** Error function, by 7.1.6 of Abramowitz and Stegun: erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)); within 1e-14. */
const erf: Unary = (x) => {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  let [sum, term] = [size, size];
  for (let n = 1; n < 200 && term > 1e-17 * sum; n++) {
    term *= (2 * size * size) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-size * size) * sum;
};

export const elementwise: Readonly<Record<string, OperatorKind>> = {
  Add: together(() => (a, b) => a + b),
  Sub: together(() => (a, b) => a - b),
  Mul: together(() => (a, b) => a * b),
  Div: together(divide),
  Mod: modulo,
  Pow: power,
  Sum: together(() => (a, b) => a + b),
  Min: together(() => Math.min),
  Max: together(() => Math.max),
  Mean: (operator, inputs, preparing) => {
    const { outputs, run } = together(() => (a, b) => a + b)(operator, inputs, preparing);
    const y = operandOf(preparing, 'float', outputs[0]!.shape, outputs[0]!.known);
    return {
      outputs: [y],
      run: () => {
        run?.();
        each(outputs[0]!.values, y.values, (x) => x / inputs.length);
      },
    };
  },
  PRelu: together(() => (x, slope) => (x < 0 ? x * slope : x)),
  And: truth((a, b) => a !== 0 && b !== 0),
  Or: truth((a, b) => a !== 0 || b !== 0),
  Xor: truth((a, b) => (a !== 0) !== (b !== 0)),
  Equal: truth((a, b) => a === b),
  Less: truth((a, b) => a < b),
  LessOrEqual: truth((a, b) => a <= b),
  Greater: truth((a, b) => a > b),
  GreaterOrEqual: truth((a, b) => a >= b),
  Not: unary(() => (x) => (x === 0 ? 1 : 0), 'bool'),
  IsNaN: unary(() => (x) => (Number.isNaN(x) ? 1 : 0), 'bool'),
  Where: where,
  Clip: clip,
  Cast: (operator, [x], preparing) => cast(kindOfType(numberOf(operator, 'to', 0)), outer(x), preparing),
  CastLike: (_, [x, like], preparing) => cast(outer(like).kind, outer(x), preparing),

  Sqrt: loops((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.sqrt(x[i]!);
  }),
  Log: loops((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.log(x[i]!);
  }),
  Exp: loops((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.exp(x[i]!);
  }),
  Neg: unary(() => (x) => -x),
  Abs: unary(() => Math.abs),
  Sign: unary(() => Math.sign),
  Reciprocal: unary(() => (x) => 1 / x),
  Floor: unary(() => Math.floor),
  Ceil: unary(() => Math.ceil),
  Round: unary(() => roundEven),
  Sin: unary(() => Math.sin),
  Cos: unary(() => Math.cos),
  Atan: unary(() => Math.atan),
  Erf: unary(() => erf),
  Relu: loops((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = x[i]! < 0 ? 0 : x[i]!;
  }),
  Tanh: loops((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.tanh(x[i]!);
  }),
  Sigmoid: loops((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]!));
  }),
  HardSigmoid: unary((operator) => {
    const [alpha, beta] = [f32(operator, 'alpha', 0.2), f32(operator, 'beta', 0.5)];
    return (x) => Math.max(0, Math.min(1, alpha * x + beta));
  }),
  HardSwish: unary(() => (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  LeakyRelu: unary((operator) => {
    const alpha = f32(operator, 'alpha', 0.01);
    return (x) => (x < 0 ? alpha * x : x);
  }),
  ThresholdedRelu: unary((operator) => {
    const alpha = f32(operator, 'alpha', 1);
    return (x) => (x > alpha ? x : 0);
  }),
  Elu: unary((operator) => {
    const alpha = f32(operator, 'alpha', 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  }),
  Selu: unary((operator) => {
    const alpha = f32(operator, 'alpha', 1.6732632423543772);
    const gamma = f32(operator, 'gamma', 1.0507009873554805);
    return (x) => gamma * (x < 0 ? alpha * Math.expm1(x) : x);
  }),
  Celu: unary((operator) => {
    const alpha = f32(operator, 'alpha', 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x / alpha) : x);
  }),
  Gelu: unary((operator) =>
    textOf(operator, 'approximate', 'none') === 'tanh'
      ? (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  ),
  Softsign: unary(() => (x) => x / (1 + Math.abs(x))),
  Softplus: unary(() => (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
};
