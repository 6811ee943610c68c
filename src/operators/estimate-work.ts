import { cellOfOperator } from '../cells/registry.ts';
import { elementCount, type Operand } from './operand.ts';
import { countEinsumProducts } from './einsum.ts';
import { numberAttribute, numberListAttribute } from './operator.ts';
import type { OperatorSpec } from './spec.ts';

/** Multiply-adds that take about as long as an element of any other operator. */
export const productsPerElement = { onKernel: 16, inLoops: 2 } as const;

/** Operators that read no more of their first input than they give. */
const readsWhatItGives = new Set(['Slice', 'Gather', 'GatherElements', 'GatherND']);

/**
 * The work of one run of an operator, in elements: those it reads or writes, whichever are more, and its
 * products. The bodies of Loop and Scan count their own when they run.
 * @param onKernel whether its matrix is packed for the kernel; recurrent operators always are
 */
export function estimateWork(
  operator: OperatorSpec,
  inputs: readonly (Operand | undefined)[],
  outputs: readonly Operand[],
  onKernel: boolean,
): number {
  const count = (operands: readonly (Operand | undefined)[]): number =>
    operands.reduce((sum, operand) => sum + (operand && !operand.known ? elementCount(operand.shape) : 0), 1);
  const elements = Math.max(
    readsWhatItGives.has(operator.operator) ? 0 : count(inputs),
    outputs.reduce((sum, { shape }) => sum + elementCount(shape), 1),
  );
  const recurs = cellOfOperator(operator.operator) !== undefined;
  const perElement = productsPerElement[onKernel || recurs ? 'onKernel' : 'inLoops'];
  return elements + Math.ceil(countProducts(operator, inputs, outputs) / perElement);
}

/** Multiply-adds; from shapes alone, since packed constants have no values here. */
function countProducts(
  operator: OperatorSpec,
  inputs: readonly (Operand | undefined)[],
  [y]: readonly Operand[],
): number {
  const { operator: name } = operator;
  if (name.endsWith('Pool') && y)
    return elementCount(y.shape) * elementCount(numberListAttribute(operator, 'kernel_shape') ?? []);
  if (name === 'Einsum') return countEinsumProducts(operator, inputs);
  // quantised operands are followed by their scale and zero
  const [x, w, r] = name.startsWith('QLinear') ? [inputs[0], inputs[3]] : inputs;
  if (!x || !w || !y) return 0;
  const results = elementCount(y.shape);
  // x [steps, batch, in], or with the first two exchanged; every row meets all of W and R
  if (cellOfOperator(name) !== undefined || name.endsWith('LSTM'))
    return elementCount(x.shape.slice(0, 2)) * (elementCount(w.shape) + elementCount(r?.shape ?? [0]));
  if (name.includes('Gemm'))
    return results * (x.shape[numberAttribute(operator, 'transA', 0) === 0 ? 1 : 0] ?? 1);
  if (name.includes('MatMul')) return results * (x.shape.at(-1) ?? 1);
  if (name === 'ConvTranspose') return elementCount(x.shape) * elementCount(w.shape.slice(1));
  if (name.includes('Conv')) return results * elementCount(w.shape.slice(1));
  return 0;
}
