import { createOperand, invalidOperator, type Operand, type OperandKind } from './operand.ts';
import {
  numberAttribute,
  type OperatorImplementation,
  type PrepareContext,
  type PreparedOperator,
} from './operator.ts';
import { mapValues, unaryLoop, unaryOperator, type UnaryFunction } from './element-wise.ts';
import { required } from './shape.ts';

// Functions of one tensor, element by element.

/** Rounds halves to the even neighbour. */
const roundEven: UnaryFunction = (x) => {
  const down = Math.floor(x);
  return x - down === 0.5 ? 2 * Math.round(down / 2) : Math.round(x);
};

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
    run: () => {
      const min = low?.values[0] ?? -Infinity;
      const max = high?.values[0] ?? Infinity;
      mapValues(from.values, y.values, (value) => Math.min(max, Math.max(min, value)));
    },
  };
};

/** The kind of a data type of ONNX (TensorProto.DataType). */
const kindFromDataType = (type: number): OperandKind =>
  [1, 10, 11, 16].includes(type)
    ? 'float'
    : type === 9
      ? 'bool'
      : [2, 3, 4, 5, 6, 7, 12, 13].includes(type)
        ? 'int'
        : invalidOperator(`the data type ${type} is not supported`);

/** Converts to float unchanged, to integers truncated towards zero. */
function cast(to: OperandKind, from: Operand, context: PrepareContext): PreparedOperator {
  if (to === from.kind) return { outputs: [from], run: null };
  const y = createOperand(context, to, from.shape, from.known);
  const f: UnaryFunction = to === 'bool' ? (x) => (x === 0 ? 0 : 1) : to === 'int' ? Math.trunc : (x) => x;
  return { outputs: [y], run: () => mapValues(from.values, y.values, f) };
}

export const basicMathOperators: Readonly<Record<string, OperatorImplementation>> = {
  Clip: clip,
  Cast: (operator, [x], context) =>
    cast(kindFromDataType(numberAttribute(operator, 'to', 0)), required(x), context),
  CastLike: (_, [x, like], context) => cast(required(like).kind, required(x), context),
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
  Atan: unaryOperator(() => Math.atan),
};
