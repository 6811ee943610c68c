import { axisOf, operandOf, refuseOperator, reshaped, sizeOf } from './operand.ts';
import { numberOf, type OperatorKind } from './operator.ts';
import { outer, turned } from './shape.ts';

// Lists of tensors of one shape: tensors with one axis more, the first. What makes them is a loop's collecting, or one of these.

/** The items side by side along an axis: a new one (new_axis 1), or one that they have. x [items, …item] */
const joined: OperatorKind = (operator, [x], preparing) => {
  const list = outer(x);
  const isNew = numberOf(operator, 'new_axis', 0) === 1;
  const rank = list.shape.length - 1;
  const axis = axisOf(numberOf(operator, 'axis', 0), rank + (isNew ? 1 : 0));
  const others = list.shape.map((_, i) => i).slice(1);
  const { outputs, run } = turned(list, others.toSpliced(axis, 0, 0), preparing);
  if (isNew) return { outputs, run };
  const item = list.shape.slice(1);
  return { outputs: [reshaped(outputs[0]!, item.with(axis, item[axis]! * list.shape[0]!))], run };
};

/** A tensor's parts of one place each along an axis, without it unless keepdims. y [items, …item] */
const parted: OperatorKind = (operator, [x, sizes], preparing) => {
  const from = outer(x);
  if (sizes) refuseOperator('parts of given sizes are no list of tensors of one shape');
  const axis = axisOf(numberOf(operator, 'axis', 0), from.shape.length);
  const others = from.shape.map((_, i) => i).toSpliced(axis, 1);
  const { outputs, run } = turned(from, [axis, ...others], preparing);
  if (numberOf(operator, 'keepdims', 1) === 0) return { outputs, run };
  const [list] = outputs;
  return {
    outputs: [reshaped(list!, [list!.shape[0]!, ...list!.shape.slice(1).toSpliced(axis, 0, 1)])],
    run,
  };
};

const listed: OperatorKind = (_, inputs, preparing) => {
  const items = inputs.map(outer);
  const [first] = items;
  if (items.some(({ shape }) => shape.join() !== first!.shape.join()))
    refuseOperator('items of different shapes');
  const y = operandOf(
    preparing,
    first!.kind,
    [items.length, ...first!.shape],
    items.every(({ known }) => known),
  );
  return {
    outputs: [y],
    run: () => items.forEach(({ values }, i) => y.values.set(values, i * values.length)),
  };
};

/** One item; what lies outside is NaN, as in a Gather. */
const itemAt: OperatorKind = (_, [x, at], preparing) => {
  const [list, index] = [outer(x), outer(at)];
  const shape = list.shape.slice(1);
  const y = operandOf(preparing, list.kind, shape, list.known && index.known);
  const [count, size] = [list.shape[0] ?? 0, sizeOf(shape)];
  return {
    outputs: [y],
    run: () => {
      const place = index.values[0]! < 0 ? index.values[0]! + count : index.values[0]!;
      if (place >= 0 && place < count) y.values.set(list.values.subarray(place * size, (place + 1) * size));
      else y.values.fill(list.kind === 'float' ? NaN : 0);
    },
  };
};

export const lists: Readonly<Record<string, OperatorKind>> = {
  ConcatFromSequence: joined,
  SplitToSequence: parted,
  SequenceConstruct: listed,
  SequenceAt: itemAt,
  SequenceLength: (_, [x], preparing) => {
    const y = operandOf(preparing, 'int', [], true);
    y.values[0] = outer(x).shape[0] ?? 0;
    return { outputs: [y], run: null };
  },
};
