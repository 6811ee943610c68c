import { normaliseAxis } from '../../operators/operand.ts';
import { numberAttribute, numberListAttribute } from '../../operators/operator.ts';
import type { OperatorSpec } from '../../operators/spec.ts';
import { invalidModel } from '../format-errors.ts';
import { requireRows, type Raise } from './raise-context.ts';

// Attention as DeepMoji and textgenrnn have it, over the steps of x: ReduceSum(Mul(x, Softmax(MatMul(x, w)))). These
// operators together are one layer.

interface AttentionPool {
  readonly x: string;
  /** [width, 1] */
  readonly w: string;
  readonly softmax: OperatorSpec;
}

/** Finds pools by attention. @returns them by their last operators, and the other operators that are parts of them */
export function findAttentionPools(operators: readonly OperatorSpec[]): {
  readonly pools: ReadonlyMap<OperatorSpec, AttentionPool>;
  readonly parts: ReadonlySet<OperatorSpec>;
} {
  const producers = new Map(operators.flatMap((one) => one.outputs.map((name) => [name, one] as const)));
  const isReadOnce = (name: string | undefined): boolean =>
    operators.filter(({ inputs }) => inputs.includes(name ?? '')).length === 1;
  const pools = new Map<OperatorSpec, AttentionPool>();
  const parts = new Set<OperatorSpec>();
  const find = (operator: string, name = ''): OperatorSpec | null => {
    const one = producers.get(name);
    return one?.operator === operator && isReadOnce(name) ? one : null;
  };
  for (const sum of operators) {
    const product = sum.operator === 'ReduceSum' ? find('Mul', sum.inputs[0]) : null;
    const softmax = find('Softmax', product?.inputs[1]);
    const scores = find('MatMul', softmax?.inputs[0]);
    const [x, w] = scores?.inputs ?? [];
    if (!product || !softmax || !scores || x === undefined || w === undefined || product.inputs[0] !== x)
      continue;
    pools.set(sum, { x, w, softmax });
    for (const part of [product, softmax, scores]) parts.add(part);
  }
  return { pools, parts };
}

/** Raises a pool by attention to its layer. */
export const raiseAttentionPool =
  ({ x, w, softmax }: AttentionPool): Raise =>
  (sum, context) => {
    const { draft, constant, sized } = context;
    const { operands, time, width } = sized(x);
    const rank = operands[0].shape.length;
    const over = [numberAttribute(softmax, 'axis', -1), ...(numberListAttribute(sum, 'axes') ?? [])];
    const weight = constant(w, 'the matrix');
    if (
      over.length !== 2 ||
      over.some((axis) => normaliseAxis(axis, rank) !== time) ||
      weight.shape.join() !== `${width},1`
    )
      return invalidModel('only a sum over the steps, weighted by their scores, is supported');
    const layer = draft.add(
      sum.outputs[0]!,
      { type: 'pool', mode: 'attention' },
      [draft.resolveRows(requireRows(context, x))],
      [['weight', { shape: [width], values: weight.values }]],
    );
    return [{ layer, end: null }];
  };
