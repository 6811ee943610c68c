import { elementCount, normaliseAxis } from '../../operators/operand.ts';
import { numberAttribute, numberListAttribute } from '../../operators/operator.ts';
import { invalidModel } from '../format-errors.ts';
import type { Rows } from './layer-draft.ts';
import { integers, requireRows, type Raise, type RaiseContext } from './raise-context.ts';

// Operators that move numbers. Where time and axes of size 1 alone change their places, rows stay as they are.

/** Numbers before time in a value: where they are as many as before, the order of a row's columns is kept. */
const before = ({ sized }: RaiseContext, name: string): number => {
  const { operands, time } = sized(name);
  return time === null ? 1 : elementCount(operands[0].shape.slice(0, time));
};

const reshape: Raise = ({ inputs, outputs }, context) => {
  const rows = requireRows(context, inputs[0]);
  if (before(context, inputs[0]!) !== before(context, outputs[0]!))
    invalidModel('it mixes steps and columns');
  return [rows];
};

const transpose: Raise = (operator, context) => {
  const rows = requireRows(context, operator.inputs[0]);
  const { operands, time } = context.sized(operator.inputs[0]!);
  const { shape } = operands[0];
  const order = numberListAttribute(operator, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
  const columns = order.filter((axis) => axis !== time && shape[axis] !== 1);
  if (columns.some((axis, i) => i > 0 && axis < columns[i - 1]!))
    invalidModel('it changes the order of columns');
  return [rows];
};

/** The last step, as a pool layer. */
function lastStep(rows: Rows, name: string, { draft }: RaiseContext): Rows {
  return { layer: draft.add(name, { type: 'pool', mode: 'last' }, [draft.resolveRows(rows)]), end: null };
}

const isLast = (context: RaiseContext, indexes: readonly [number[], number[]]): boolean =>
  indexes.every(
    ([index, ...more], i) => more.length === 0 && (index === -1 || index === context.lengths[i]! - 1),
  );

const gather: Raise = (operator, context) => {
  const [from = '', index = ''] = operator.inputs;
  const ids = context.findRows(index);
  const axis = numberAttribute(operator, 'axis', 0);
  if (ids) {
    const weight = context.constant(from, 'the matrix that is looked up in');
    const [vocabulary = 0, units = 0] = weight.shape;
    if (weight.shape.length !== 2 || axis !== 0 || context.sized(index).width !== 1)
      invalidModel('only the rows of a matrix can be looked up, one a step');
    const layer = context.draft.add(
      operator.outputs[0]!,
      { type: 'embedding', vocabulary, units },
      [ids.layer],
      [['weight', weight]],
    );
    return [{ layer, end: null }];
  }
  const rows = requireRows(context, from);
  const { operands, time, width } = context.sized(from);
  const on = normaliseAxis(axis, operands[0].shape.length);
  if (on === time && isLast(context, integers(context, index)))
    return [lastStep(rows, operator.outputs[0]!, context)];
  if (on !== time && context.sized(operator.outputs[0]!).width === width && operands[0].shape[on] === 1)
    return [rows];
  return invalidModel('only the last step can be selected');
};

const slice: Raise = ({ inputs, outputs }, context) => {
  const [from = '', starts = '', ends = '', axes = '', steps = ''] = inputs;
  const rows = requireRows(context, from);
  const { operands, time } = context.sized(from);
  const after = context.sized(outputs[0]!).operands;
  if (
    steps &&
    integers(context, steps)
      .flat()
      .some((step) => step !== 1)
  )
    invalidModel('it skips or turns steps');
  if (operands.every(({ shape }, i) => shape.join() === after[i]!.shape.join())) return [rows];
  const on = axes ? integers(context, axes)[0] : [0];
  const [axis] = on.map((one) => normaliseAxis(one, operands[0].shape.length));
  const isTime = on.length === 1 && axis === time && after.every(({ shape }) => shape[axis] === 1);
  if (!isTime || !isLast(context, integers(context, starts)))
    invalidModel(`only the last step can be sliced, not to ${integers(context, ends)[0].join(', ')}`);
  return [lastStep(rows, outputs[0]!, context)];
};

export const movingOperators: Readonly<Record<string, Raise>> = {
  Identity: reshape,
  Dropout: reshape,
  Cast: reshape,
  Reshape: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Flatten: reshape,
  Transpose: transpose,
  Gather: gather,
  Slice: slice,
};
