import { inSlices } from './slices.ts';
import { findKind, isFloat, roundEven, type OperandKind } from './number-kinds.ts';
import { createOperand, invalidOperator, type Operand } from './operand.ts';
import {
  numberAttribute,
  type OperatorImplementation,
  type PrepareContext,
  type PreparedOperator,
} from './operator.ts';
import { mapValues, unaryLoop, unaryOperator, type UnaryFunction } from './element-wise.ts';
import { required } from './shape.ts';

// Functions of one tensor, element by element.

/** Clamps to [low, high]. */
const clip: OperatorImplementation = (_, [x, low, high], context) => {
  const from = required(x);
  const y = createOperand(
    context,
    from.kind,
    from.shape,
    from.known && (low?.known ?? true) && (high?.known ?? true),
  );
  return {
    outputs: [y],
    ...inSlices(y.values.length, 1, (start, end) => {
      const min = low?.values[0] ?? -Infinity;
      const max = high?.values[0] ?? Infinity;
      for (let i = start; i < end; i++) y.values[i] = Math.min(max, Math.max(min, from.values[i]!));
    }),
  };
};

/** Numbers of fewer bits than float32, by data type: float16 and bfloat16. */
const roundings: Readonly<Record<number, UnaryFunction>> = { 10: Math.f16round, 16: roundToBfloat16 };

const bits = new DataView(new ArrayBuffer(4));
/** Keeps the upper half of a float32, rounding halves to the even neighbour. */
function roundToBfloat16(x: number): number {
  if (!Number.isFinite(x)) return x;
  bits.setFloat32(0, x);
  const whole = bits.getUint32(0);
  bits.setUint32(0, (whole + 0x7f_ff + ((whole >>> 16) & 1)) & 0xff_ff_00_00);
  return bits.getFloat32(0);
}

/** Converts to integers truncated towards zero, to floats rounded where they have fewer bits than float32. */
function cast(
  to: OperandKind,
  from: Operand,
  context: PrepareContext,
  round: UnaryFunction | undefined,
): PreparedOperator {
  if (to === from.kind && !round) return { outputs: [from], run: null };
  const y = createOperand(context, to, from.shape, from.known);
  const f: UnaryFunction =
    to === 'bool'
      ? (x) => (x === 0 ? 0 : 1)
      : isFloat(to)
        ? (round ?? ((x) => x))
        : (x) => Math.trunc(x) || 0;
  return { outputs: [y], ...mapValues(from.values, y.values, f) };
}

export const basicMathOperators: Readonly<Record<string, OperatorImplementation>> = {
  Clip: clip,
  Cast: (operator, [x], context) => {
    const to = numberAttribute(operator, 'to', 0);
    const kind = findKind(to) ?? invalidOperator(`the data type ${to} is not supported`);
    return cast(kind, required(x), context, roundings[to]);
  },
  CastLike: (_, [x, like], context) => cast(required(like).kind, required(x), context, undefined),
  Sqrt: unaryLoop((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.sqrt(x[i]!);
  }),
  Log: unaryLoop((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.log(x[i]!);
  }),
  Exp: unaryLoop((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.exp(x[i]!);
  }),
  Neg: unaryOperator(() => (x) => -x),
  Abs: unaryOperator(() => Math.abs),
  Sign: unaryOperator(() => Math.sign),
  Reciprocal: unaryOperator(() => (x) => 1 / x),
  Floor: unaryOperator(() => Math.floor),
  Ceil: unaryOperator(() => Math.ceil),
  Round: unaryOperator(() => roundEven),
  Sin: unaryOperator(() => Math.sin),
  Cos: unaryOperator(() => Math.cos),
  Tan: unaryOperator(() => Math.tan),
  Asin: unaryOperator(() => Math.asin),
  Acos: unaryOperator(() => Math.acos),
  Atan: unaryOperator(() => Math.atan),
  Sinh: unaryOperator(() => Math.sinh),
  Cosh: unaryOperator(() => Math.cosh),
  Asinh: unaryOperator(() => Math.asinh),
  Acosh: unaryOperator(() => Math.acosh),
  Atanh: unaryOperator(() => Math.atanh),
};
