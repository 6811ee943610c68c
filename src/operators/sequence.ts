import { normaliseAxis, createOperand, invalidOperator, withShape, elementCount } from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { required, permuted } from './shape.ts';

// Lists of tensors of one shape: tensors with one axis more, the first. What makes them is a loop's collecting, or one of these.

/** The items side by side along an axis: a new one (new_axis 1), or one that they have. x [items, …item] */
const concatFromSequence: OperatorImplementation = (operator, [x], preparing) => {
  const list = required(x);
  const isNew = numberAttribute(operator, 'new_axis', 0) === 1;
  const rank = list.shape.length - 1;
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), rank + (isNew ? 1 : 0));
  const others = list.shape.map((_, i) => i).slice(1);
  const { outputs, run } = permuted(list, others.toSpliced(axis, 0, 0), preparing);
  if (isNew) return { outputs, run };
  const item = list.shape.slice(1);
  return { outputs: [withShape(outputs[0]!, item.with(axis, item[axis]! * list.shape[0]!))], run };
};

/** A tensor's parts of one place each along an axis, without it unless keepdims. y [items, …item] */
const splitToSequence: OperatorImplementation = (operator, [x, sizes], preparing) => {
  const from = required(x);
  if (sizes) invalidOperator('parts of given sizes are no list of tensors of one shape');
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
  const others = from.shape.map((_, i) => i).toSpliced(axis, 1);
  const { outputs, run } = permuted(from, [axis, ...others], preparing);
  if (numberAttribute(operator, 'keepdims', 1) === 0) return { outputs, run };
  const [list] = outputs;
  return {
    outputs: [withShape(list!, [list!.shape[0]!, ...list!.shape.slice(1).toSpliced(axis, 0, 1)])],
    run,
  };
};

const sequenceConstruct: OperatorImplementation = (_, inputs, preparing) => {
  const items = inputs.map(required);
  const [first] = items;
  if (items.some(({ shape }) => shape.join() !== first!.shape.join()))
    invalidOperator('items of different shapes');
  const y = createOperand(
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
const sequenceAt: OperatorImplementation = (_, [x, at], preparing) => {
  const [list, index] = [required(x), required(at)];
  const shape = list.shape.slice(1);
  const y = createOperand(preparing, list.kind, shape, list.known && index.known);
  const [count, size] = [list.shape[0] ?? 0, elementCount(shape)];
  return {
    outputs: [y],
    run: () => {
      const place = index.values[0]! < 0 ? index.values[0]! + count : index.values[0]!;
      if (place >= 0 && place < count) y.values.set(list.values.subarray(place * size, (place + 1) * size));
      else y.values.fill(list.kind === 'float' ? NaN : 0);
    },
  };
};

export const sequenceOperators: Readonly<Record<string, OperatorImplementation>> = {
  ConcatFromSequence: concatFromSequence,
  SplitToSequence: splitToSequence,
  SequenceConstruct: sequenceConstruct,
  SequenceAt: sequenceAt,
  SequenceLength: (_, [x], preparing) => {
    const y = createOperand(preparing, 'int', [], true);
    y.values[0] = required(x).shape[0] ?? 0;
    return { outputs: [y], run: null };
  },
};
