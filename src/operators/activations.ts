import { numberAttribute, textAttribute, type OperatorImplementation } from './operator.ts';
import { unaryLoop, unaryOperator, type UnaryFunction } from './element-wise.ts';

// Activation functions (https://onnx.ai/onnx/operators/), with their parameters as attributes.

/**
 * Error function, by 7.1.6 of Abramowitz and Stegun: erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1));
 * within 1e-14.
 */
const erf: UnaryFunction = (x) => {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  let [sum, term] = [size, size];
  for (let n = 1; n < 200 && term > 1e-17 * sum; n++) {
    term *= (2 * size * size) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-size * size) * sum;
};

export const activationOperators: Readonly<Record<string, OperatorImplementation>> = {
  Erf: unaryOperator(() => erf),
  Relu: unaryLoop((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = x[i]! < 0 ? 0 : x[i]!;
  }),
  Tanh: unaryLoop((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = Math.tanh(x[i]!);
  }),
  Sigmoid: unaryLoop((x, y) => {
    for (let i = 0; i < y.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]!));
  }),
  HardSigmoid: unaryOperator((operator) => {
    const [alpha, beta] = [numberAttribute(operator, 'alpha', 0.2), numberAttribute(operator, 'beta', 0.5)];
    return (x) => Math.max(0, Math.min(1, alpha * x + beta));
  }),
  HardSwish: unaryOperator(() => (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  LeakyRelu: unaryOperator((operator) => {
    const alpha = numberAttribute(operator, 'alpha', 0.01);
    return (x) => (x < 0 ? alpha * x : x);
  }),
  ThresholdedRelu: unaryOperator((operator) => {
    const alpha = numberAttribute(operator, 'alpha', 1);
    return (x) => (x > alpha ? x : 0);
  }),
  Elu: unaryOperator((operator) => {
    const alpha = numberAttribute(operator, 'alpha', 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  }),
  Selu: unaryOperator((operator) => {
    const alpha = numberAttribute(operator, 'alpha', 1.6732632423543772);
    const gamma = numberAttribute(operator, 'gamma', 1.0507009873554805);
    return (x) => gamma * (x < 0 ? alpha * Math.expm1(x) : x);
  }),
  Celu: unaryOperator((operator) => {
    const alpha = numberAttribute(operator, 'alpha', 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x / alpha) : x);
  }),
  Gelu: unaryOperator((operator) =>
    textAttribute(operator, 'approximate', 'none') === 'tanh'
      ? (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  ),
  Softsign: unaryOperator(() => (x) => x / (1 + Math.abs(x))),
  Softplus: unaryOperator(() => (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
};
