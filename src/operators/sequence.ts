import { isFloat } from './number-kinds.ts';
import { normaliseAxis, createOperand, invalidOperator, withShape, elementCount } from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { required, requireInputs, permuted } from './shape.ts';

// Sequences of tensors of one shape, each stored as one tensor with an additional first axis. They come from
// a loop's collected outputs or from the operators here.

/**
 * Concatenates the items along an axis: a new one (new_axis 1), or one of the items' axes. x [items, …item]
 */
const concatFromSequence: OperatorImplementation = (operator, [x], context) => {
  const list = required(x);
  const isNew = numberAttribute(operator, 'new_axis', 0) === 1;
  const rank = list.shape.length - 1;
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), rank + (isNew ? 1 : 0));
  const others = list.shape.map((_, i) => i).slice(1);
  const { outputs, run } = permuted(list, others.toSpliced(axis, 0, 0), context);
  if (isNew) return { outputs, run };
  const item = list.shape.slice(1);
  return { outputs: [withShape(outputs[0]!, item.with(axis, item[axis]! * list.shape[0]!))], run };
};

/**
 * Splits a tensor into slices of length 1 along an axis, which is removed unless keepdims. y [items, …item]
 */
const splitToSequence: OperatorImplementation = (operator, [x, sizes], context) => {
  const from = required(x);
  if (sizes) invalidOperator('the input split is not supported: the items would have different shapes');
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
  const others = from.shape.map((_, i) => i).toSpliced(axis, 1);
  const { outputs, run } = permuted(from, [axis, ...others], context);
  if (numberAttribute(operator, 'keepdims', 1) === 0) return { outputs, run };
  const [list] = outputs;
  return {
    outputs: [withShape(list!, [list!.shape[0]!, ...list!.shape.slice(1).toSpliced(axis, 0, 1)])],
    run,
  };
};

/** A sequence of the inputs. y [items, …item] */
const sequenceConstruct: OperatorImplementation = (_, inputs, context) => {
  const items = requireInputs(inputs, 1);
  const [first] = items;
  if (items.some(({ shape }) => shape.join() !== first!.shape.join()))
    invalidOperator('the items must have one shape');
  const y = createOperand(
    context,
    first!.kind,
    [items.length, ...first!.shape],
    items.every(({ known }) => known),
  );
  return {
    outputs: [y],
    run: () => items.forEach(({ values }, i) => y.values.set(values, i * values.length)),
  };
};

/** One item; NaN where the index is out of range, as in Gather. */
const sequenceAt: OperatorImplementation = (_, [x, at], context) => {
  const [list, index] = [required(x), required(at)];
  const shape = list.shape.slice(1);
  const y = createOperand(context, list.kind, shape, list.known && index.known);
  const [count, size] = [list.shape[0] ?? 0, elementCount(shape)];
  return {
    outputs: [y],
    run: () => {
      const position = index.values[0]! < 0 ? index.values[0]! + count : index.values[0]!;
      if (position >= 0 && position < count)
        y.values.set(list.values.subarray(position * size, (position + 1) * size));
      else y.values.fill(isFloat(list.kind) ? NaN : 0);
    },
  };
};

export const sequenceOperators: Readonly<Record<string, OperatorImplementation>> = {
  ConcatFromSequence: concatFromSequence,
  SplitToSequence: splitToSequence,
  SequenceConstruct: sequenceConstruct,
  SequenceAt: sequenceAt,
  SequenceLength: (_, [x], context) => {
    const y = createOperand(context, 'int', [], true);
    y.values[0] = required(x).shape[0] ?? 0;
    return { outputs: [y], run: null };
  },
};
