import { isFloat, type OperandKind } from './number-kinds.ts';
import { createOperand, invalidOperator } from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { binaryOperator, mapValues, type BinaryFunction } from './element-wise.ts';
import { required } from './shape.ts';
import { joinWork } from './slices.ts';

// Arithmetic of two or more tensors, element by element, with NumPy's broadcasting.

/** Quotients of integers are truncated towards zero. */
const divide = (kind: OperandKind): BinaryFunction =>
  isFloat(kind) ? (a, b) => a / b : (a, b) => (b === 0 ? 0 : Math.trunc(a / b));

/** @throws UnrollError invalid_model where float64 does not have the product: a hash would come out wrong */
const multiplyIntegers: BinaryFunction = (a, b) => {
  const product = a * b;
  if (!Number.isSafeInteger(product) && Number.isSafeInteger(a) && Number.isSafeInteger(b))
    invalidOperator(`${a} × ${b}: integers are computed up to ${Number.MAX_SAFE_INTEGER}`);
  return product;
};

/** A product of 32 bits has up to 64, of which the lower ones count. */
const multiply = binaryOperator((kind) => {
  if (kind === 'int') return multiplyIntegers;
  return kind === 'int32' || kind === 'uint32' ? Math.imul : (a, b) => a * b;
});

/** A square, the usual power, is computed as a product. */
const power: OperatorImplementation = (operator, [base, exponent], context) => {
  const [a, b] = [required(base), required(exponent)];
  if (b.known && b.values.length === 1 && b.values[0] === 2)
    return multiply({ ...operator, operator: 'Mul' }, [a, a], context);
  return binaryOperator(() => (x, z) => x ** z)(operator, [a, b], context);
};

/** The result has the sign of the divisor, or with fmod that of the dividend. */
const modulo: OperatorImplementation = (operator, inputs, context) => {
  const fmod = numberAttribute(operator, 'fmod', 0) !== 0;
  const f: BinaryFunction = fmod ? (a, b) => a % b : (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b));
  return binaryOperator(() => f)(operator, inputs, context);
};

export const arithmeticOperators: Readonly<Record<string, OperatorImplementation>> = {
  Add: binaryOperator(() => (a, b) => a + b),
  Sub: binaryOperator(() => (a, b) => a - b),
  Mul: multiply,
  Div: binaryOperator(divide),
  Mod: modulo,
  Pow: power,
  Sum: binaryOperator(() => (a, b) => a + b),
  Min: binaryOperator(() => Math.min),
  Max: binaryOperator(() => Math.max),
  Mean: (operator, inputs, context) => {
    const { outputs, ...sum } = binaryOperator(() => (a, b) => a + b)(operator, inputs, context);
    const y = createOperand(context, outputs[0]!.kind, outputs[0]!.shape, outputs[0]!.known);
    const mean = mapValues(outputs[0]!.values, y.values, (x) => x / inputs.length);
    return { outputs: [y], ...joinWork([sum, mean]) };
  },
  PRelu: binaryOperator(() => (x, slope) => (x < 0 ? x * slope : x)),
};
