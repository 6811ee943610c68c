import { normaliseAxis, type Operand } from '../../operators/operand.ts';
import { numberAttribute, numberListAttribute } from '../../operators/operator.ts';
import type { OperatorSpec } from '../../operators/spec.ts';

// How the values of an operator graph over sequences relate to the sequence's steps, inferred operator by
// operator. Only operators that treat every step separately are supported; an operator that mixes steps stops
// the inference.

export type StepRole =
  /** One row per step, along an axis. */
  | { readonly kind: 'steps'; readonly axis: number }
  /** The shape of such a value. */
  | { readonly kind: 'sizes'; readonly axis: number }
  /** The number of steps. */
  | { readonly kind: 'count' }
  /** Independent of the input. */
  | { readonly kind: 'fixed' }
  /** The final value of a loop, and values computed from it. */
  | { readonly kind: 'final' };

/** The graph's values for a sequence of one step, as far as they are known. */
export interface SingleStepValues {
  readonly operand: (name: string) => Operand | undefined;
}

/** Thrown when a value has none of these roles: the graph stays one over sequences. */
export class CrossStepError extends Error {}
export const throwCrossStep = (): never => {
  throw new CrossStepError();
};

const elementwise = new Set(
  'Sqrt Log Exp Neg Abs Sign Reciprocal Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf Relu Tanh Sigmoid HardSigmoid HardSwish LeakyRelu ThresholdedRelu Elu Selu Celu Gelu Softsign Softplus Not IsNaN Cast Clip Identity'.split(
    ' ',
  ),
);
const broadcasting = new Set(
  'Add Sub Mul Div Mod Pow Sum Min Max Mean PRelu And Or Xor Equal Less LessOrEqual Greater GreaterOrEqual Where'.split(
    ' ',
  ),
);

/** Infers the role of an operator's outputs. @throws AcrossSteps */
export function inferStepRole(
  operator: OperatorSpec,
  role: (name: string) => StepRole,
  at: SingleStepValues,
): StepRole {
  const names = operator.inputs.filter((name) => name !== '');
  const roles = names.map(role);
  if (roles.every(({ kind }) => kind === 'fixed')) return { kind: 'fixed' };
  if (roles.every(({ kind }) => kind === 'fixed' || kind === 'final')) return { kind: 'final' };
  const [first] = roles;
  const kind = operator.operator;
  if (first!.kind === 'steps' && kind === 'Shape') return { kind: 'sizes', axis: first!.axis };
  if (roles.some((one) => one.kind === 'sizes' || one.kind === 'count'))
    return inferFromSizes(operator, first!, at);
  if (roles.some((one) => one.kind === 'final')) return throwCrossStep();

  const getRank = (name: string): number => at.operand(name)?.shape.length ?? throwCrossStep();
  const axis = first!.kind === 'steps' ? first!.axis : -1;
  const constant = (place: number): number[] =>
    Array.from(at.operand(operator.inputs[place] ?? '')?.values ?? throwCrossStep());
  const others = roles.slice(1).every((one) => one.kind === 'fixed');
  const rank = (): number => getRank(names[0]!);

  if (broadcasting.has(kind))
    return inferBroadcast(names, roles, (name) => at.operand(name)?.shape ?? throwCrossStep());
  if (axis < 0) {
    // an embedding: ids per step look up rows of a table
    const ids = roles[1];
    const table =
      kind === 'Gather' &&
      ids?.kind === 'steps' &&
      normaliseAxis(numberAttribute(operator, 'axis', 0), rank()) === 0;
    return table ? { kind: 'steps', axis: ids.axis } : throwCrossStep();
  }
  if (elementwise.has(kind) && others) return { kind: 'steps', axis };
  if (kind === 'Concat') {
    const same = roles.every((one) => one.kind === 'steps' && one.axis === axis);
    return same && normaliseAxis(numberAttribute(operator, 'axis', 0), rank()) !== axis
      ? { kind: 'steps', axis }
      : throwCrossStep();
  }
  if (!others) return throwCrossStep();
  switch (kind) {
    case 'MatMul':
      return axis < rank() - 1 && getRank(names[1]!) === 2 ? { kind: 'steps', axis } : throwCrossStep();
    case 'Gemm': {
      const added = operator.inputs[2] ? at.operand(operator.inputs[2])!.shape : [];
      const plain = numberAttribute(operator, 'transA', 0) === 0 && (added.length < 2 || added[0] === 1);
      return axis === 0 && plain ? { kind: 'steps', axis } : throwCrossStep();
    }
    case 'Transpose': {
      const order =
        numberListAttribute(operator, 'perm') ?? Array.from({ length: rank() }, (_, i) => rank() - 1 - i);
      return { kind: 'steps', axis: order.indexOf(axis) };
    }
    case 'Unsqueeze': {
      const given = numberListAttribute(operator, 'axes') ?? constant(1);
      const added = new Set(given.map((one) => normaliseAxis(one, rank() + given.length)));
      let place = -1;
      for (let left = axis + 1; left > 0;) if (!added.has(++place)) left--;
      return { kind: 'steps', axis: place };
    }
    case 'Squeeze': {
      const given =
        numberListAttribute(operator, 'axes') ?? (operator.inputs[1] ? constant(1) : throwCrossStep());
      const removed = given.map((one) => normaliseAxis(one, rank()));
      return removed.includes(axis)
        ? throwCrossStep()
        : { kind: 'steps', axis: axis - removed.filter((one) => one < axis).length };
    }
    case 'ReduceMax':
    case 'ReduceMin': {
      const given =
        numberListAttribute(operator, 'axes') ?? (operator.inputs[1] ? constant(1) : throwCrossStep());
      const reduced = given.map((one) => normaliseAxis(one, rank()));
      if (reduced.includes(axis)) throwCrossStep();
      const kept = numberAttribute(operator, 'keepdims', 1) === 1;
      return { kind: 'steps', axis: kept ? axis : axis - reduced.filter((one) => one < axis).length };
    }
    case 'Slice': {
      const on = operator.inputs[3] ? constant(3) : constant(1).map((_, i) => i);
      return on.some((one) => normaliseAxis(one, rank()) === axis)
        ? throwCrossStep()
        : { kind: 'steps', axis };
    }
    case 'Split':
    case 'Softmax':
    case 'LogSoftmax':
    case 'LayerNormalization': {
      const on = normaliseAxis(numberAttribute(operator, 'axis', kind === 'Split' ? 0 : -1), rank());
      const wide = kind === 'LayerNormalization' || numberAttribute(operator, 'flat', 0) === 1;
      return (wide ? on > axis : on !== axis) ? { kind: 'steps', axis } : throwCrossStep();
    }
    default:
      return throwCrossStep();
  }
}

/** Broadcasting operators: the steps of all values must be along the same axis of the result. */
function inferBroadcast(
  names: readonly string[],
  roles: readonly StepRole[],
  getShape: (name: string) => readonly number[],
): StepRole {
  const shapes = names.map(getShape);
  const ranks = shapes.map(({ length }) => length);
  const maxRank = Math.max(...ranks);
  const fromEnd = new Set(roles.flatMap((role, i) => (role.kind === 'steps' ? [ranks[i]! - role.axis] : [])));
  const [end = 0] = fromEnd;
  const reaches = roles.some((role, i) => role.kind === 'fixed' && (shapes[i]!.at(-end) ?? 1) !== 1);
  return fromEnd.size === 1 && !reaches ? { kind: 'steps', axis: maxRank - end } : throwCrossStep();
}

/** Operators on shapes: the result is the number of steps, or independent of it. */
function inferFromSizes(operator: OperatorSpec, first: StepRole, at: SingleStepValues): StepRole {
  const { operator: kind } = operator;
  if (first.kind === 'sizes' && kind === 'Gather') {
    const index = at.operand(operator.inputs[1] ?? '')?.values;
    if (index?.length !== 1) return throwCrossStep();
    return index[0] === first.axis ? { kind: 'count' } : { kind: 'fixed' };
  }
  const same = ['Cast', 'Squeeze', 'Unsqueeze', 'Reshape', 'Identity'].includes(kind);
  return first.kind === 'count' && same ? first : throwCrossStep();
}
