import { roundEven } from './number-kinds.ts';
import {
  broadcastShapes,
  broadcastStrides,
  createOperand,
  elementCount,
  invalidOperator,
  stridedIndexes,
  type Operand,
} from './operand.ts';
import type { OperatorImplementation, PrepareContext, PreparedOperator } from './operator.ts';
import { mapValues } from './element-wise.ts';
import { conv } from './convolution.ts';
import { matMul } from './matrix.ts';
import { checkScale, quantizeLinear } from './quantise.ts';
import { required } from './shape.ts';
import { joinWork } from './slices.ts';

// Products of quantised numbers: exact sums, int32.

/** x − zero as int32. @param axis the axis of x along which there is a zero for each position */
function withoutZero(
  x: Operand,
  zero: Operand | undefined,
  axis: number,
  context: PrepareContext,
): PreparedOperator {
  const y = createOperand(context, 'int32', x.shape, x.known && (zero?.known ?? true));
  if (!zero || zero.values.length === 1)
    return {
      outputs: [y],
      ...mapValues(x.values, y.values, (value) => value - (zero?.values[0] ?? 0)),
    };
  const own = zero.shape.length > 1 ? zero.shape : x.shape.map((size, i) => (i === axis ? size : 1));
  if (elementCount(own) !== zero.values.length || broadcastShapes(own, x.shape).join() !== x.shape.join())
    invalidOperator(`zero points of [${zero.shape.join(', ')}] for [${x.shape.join(', ')}]`);
  const indexes = stridedIndexes(x.shape, broadcastStrides(own, x.shape));
  return {
    outputs: [y],
    run: () => {
      for (let i = 0; i < y.values.length; i++) y.values[i] = x.values[i]! - zero.values[indexes[i]!]!;
    },
  };
}

/** Runs one operator after another. What is known is computed at once. */
function inOrder(first: readonly PreparedOperator[], last: PreparedOperator): PreparedOperator {
  const waiting = first.filter(({ outputs, run }) => {
    const known = outputs.every((output) => output.known);
    if (known) run?.();
    return !known && run !== null;
  });
  return { outputs: last.outputs, ...joinWork([...waiting, last]) };
}

/** y = (a − a zero) · (b − b zero); a has a zero for all or for each row, b for all or for each column. */
const matMulInteger: OperatorImplementation = (operator, [a, b, aZero, bZero], context) => {
  const [left, right] = [required(a), required(b)];
  const parts = [
    withoutZero(left, aZero, left.shape.length - 2, context),
    withoutZero(right, bZero, right.shape.length - 1, context),
  ];
  return inOrder(
    parts,
    matMul(
      operator,
      parts.flatMap(({ outputs }) => outputs),
      context,
    ),
  );
};

/** The convolution of x − x zero and w − w zero; w has a zero for all or for each output channel. */
const convInteger: OperatorImplementation = (operator, [x, w, xZero, wZero, bias], context) => {
  const parts = [withoutZero(required(x), xZero, 1, context), withoutZero(required(w), wZero, 0, context)];
  return inOrder(parts, conv(operator, [...parts.flatMap(({ outputs }) => outputs), bias], context));
};

/**
 * Quantises sums of products: y = clamp(round(sums · a_scale · b_scale / y_scale) + y_zero).
 * @param axis the axis of the sums along which b has a scale for each position
 */
function requantised(
  sums: PreparedOperator,
  [aScale, bScale, yScale, yZero]: readonly (Operand | undefined)[],
  axis: number,
  context: PrepareContext,
): PreparedOperator {
  const [by, own, to] = [required(aScale), required(bScale), required(yScale)].map(checkScale);
  const [from] = sums.outputs;
  if (
    by!.values.length !== 1 ||
    to!.values.length !== 1 ||
    ![1, from!.shape[axis]].includes(own!.values.length)
  )
    invalidOperator('only the second input may have several scales, one for each position of the result');
  const scaled = createOperand(
    context,
    'float',
    from!.shape,
    from!.known && by!.known && own!.known && to!.known,
  );
  const one = createOperand(context, 'float', [], true);
  one.values[0] = 1;
  const several = own!.values.length > 1;
  const indexes = stridedIndexes(
    from!.shape,
    from!.shape.map((_, i) => (several && i === axis ? 1 : 0)),
  );
  const scale: PreparedOperator = {
    outputs: [scaled],
    run: () => {
      for (let i = 0; i < scaled.values.length; i++) {
        const product = Math.fround(by!.values[0]! * own!.values[indexes[i]!]!);
        const factor = Math.fround(product / to!.values[0]!);
        scaled.values[i] = roundEven(Math.fround(Math.fround(from!.values[i]! | 0) * factor));
      }
    },
  };
  const spec = { operator: 'QuantizeLinear', inputs: [], outputs: [] };
  return inOrder([sums, scale], quantizeLinear(spec, [scaled, one, yZero], context));
}

export const quantisedProducts: Readonly<Record<string, OperatorImplementation>> = {
  MatMulInteger: matMulInteger,
  ConvInteger: convInteger,
  QLinearMatMul: (operator, [a, aScale, aZero, b, bScale, bZero, yScale, yZero], context) => {
    const sums = matMulInteger(operator, [a, b, aZero, bZero], context);
    return requantised(sums, [aScale, bScale, yScale, yZero], sums.outputs[0]!.shape.length - 1, context);
  },
  QLinearConv: (operator, [x, xScale, xZero, w, wScale, wZero, yScale, yZero, bias], context) =>
    requantised(
      convInteger(operator, [x, w, xZero, wZero, bias], context),
      [xScale, wScale, yScale, yZero],
      1,
      context,
    ),
};
