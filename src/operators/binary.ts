import {
  broadcast,
  broadcastStrides,
  operandOf,
  placesOf,
  refuseOperator,
  type Kind,
  type Operand,
} from './operand.ts';
import { numberOf, type OperatorKind, type Prepared, type Preparing } from './operator.ts';
import { each, loops, together, unary, type Binary, type Unary } from './unary.ts';
import { outer } from './shape.ts';

// Arithmetic, comparisons and choices, place by place.

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
};
