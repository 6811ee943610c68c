import type { OperatorSpec } from './spec.ts';
import { gatherFloats } from './float32-loops.ts';
import {
  normaliseAxis,
  broadcastShapes,
  broadcastStrides,
  constantValues,
  lazy,
  createOperand,
  stridedIndexes,
  invalidOperator,
  withShape,
  elementCount,
  computeStrides,
  type Operand,
} from './operand.ts';
import {
  numberAttribute,
  numberListAttribute,
  type OperatorImplementation,
  type PreparedOperator,
  type PrepareContext,
} from './operator.ts';
import { inSlices } from './slices.ts';

// Operators that move values and compute none: a reshape shares its input's values, every other operator
// copies by a table of
// source indexes.

/** An input that must be present. @throws UnrollError invalid_model */
export const required = (x: Operand | undefined): Operand => x ?? invalidOperator('an input is missing');
/** All inputs, of which there must be a few. @throws UnrollError invalid_model */
export function requireInputs(inputs: readonly (Operand | undefined)[], least: number): Operand[] {
  if (inputs.length < least) invalidOperator(`its input ${inputs.length} is missing`);
  return inputs.map(required);
}
/** Prepares the same values under another shape. @throws UnrollError invalid_model where the sizes differ */
export const reshaped = (x: Operand, shape: readonly number[]): PreparedOperator => {
  if (elementCount(shape) !== x.values.length || !shape.every(Number.isInteger))
    invalidOperator(`[${x.shape.join(', ')}] cannot be reshaped to [${shape.join(', ')}]`);
  return { outputs: [withShape(x, shape)], run: null };
};

/** Prepares y[i] ← x[indexes[i]], or `fill` where the index is −1. */
export function gathered(
  x: Operand,
  shape: readonly number[],
  computeIndexes: () => Int32Array,
  context: PrepareContext,
  fill = 0,
): PreparedOperator {
  const y = createOperand(context, x.kind, shape, x.known);
  const [from, to] = [x.values, y.values];
  const table = lazy(() => {
    const indexes = computeIndexes();
    return { indexes, isRun: indexes[0]! >= 0 && indexes.every((index, i) => index === indexes[0]! + i) };
  });
  return {
    outputs: [y],
    ...inSlices(to.length, 1, (start, end) => {
      const { indexes, isRun } = table();
      if (isRun) return to.set(from.subarray(indexes[0]! + start, indexes[0]! + end), start);
      if (from instanceof Float32Array && to instanceof Float32Array)
        return gatherFloats(from, indexes, to, fill, start, end);
      for (let i = start; i < end; i++) {
        const index = indexes[i]!;
        to[i] = index < 0 ? fill : from[index]!;
      }
    }),
  };
}

const constantIntegers = (
  context: PrepareContext,
  values: readonly number[],
  shape: number[],
): PreparedOperator => {
  const y = createOperand(context, 'int', shape, true);
  y.values.set(values);
  return { outputs: [y], run: null };
};

const reshape: OperatorImplementation = (operator, [x, target]) => {
  const from = required(x);
  const sizes = constantValues(target, 'the new shape').map((size, i) =>
    size === 0 && numberAttribute(operator, 'allowzero', 0) === 0 ? (from.shape[i] ?? 0) : size,
  );
  const rest = sizes.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return reshaped(
    from,
    sizes.map((size) => (size === -1 ? (rest === 0 ? 0 : from.values.length / rest) : size)),
  );
};

const parseAxes = (operator: OperatorSpec, input: Operand | undefined, rank: number): number[] | null => {
  const axes = numberListAttribute(operator, 'axes') ?? (input ? constantValues(input, 'axes') : null);
  return axes?.map((axis) => normaliseAxis(axis, rank)) ?? null;
};

const squeeze: OperatorImplementation = (operator, [x, axesInput]) => {
  const from = required(x);
  const axes =
    parseAxes(operator, axesInput, from.shape.length) ??
    from.shape.flatMap((size, i) => (size === 1 ? [i] : []));
  for (const axis of axes)
    if (from.shape[axis] !== 1) invalidOperator(`axis ${axis} of [${from.shape.join(', ')}] is not 1`);
  return reshaped(
    from,
    from.shape.filter((_, i) => !axes.includes(i)),
  );
};

const unsqueeze: OperatorImplementation = (operator, [x, axesInput]) => {
  const from = required(x);
  const count = (numberListAttribute(operator, 'axes') ?? constantValues(axesInput, 'axes')).length;
  const axes = new Set(parseAxes(operator, axesInput, from.shape.length + count));
  let next = 0;
  return reshaped(
    from,
    Array.from({ length: from.shape.length + axes.size }, (_, i) => (axes.has(i) ? 1 : from.shape[next++]!)),
  );
};

const flatten: OperatorImplementation = (operator, [x]) => {
  const from = required(x);
  const axis = numberAttribute(operator, 'axis', 1);
  const split = axis === from.shape.length ? axis : normaliseAxis(axis, from.shape.length);
  return reshaped(from, [elementCount(from.shape.slice(0, split)), elementCount(from.shape.slice(split))]);
};

/** Prepares the same values with their axes in another order. */
export function permuted(x: Operand, order: readonly number[], context: PrepareContext): PreparedOperator {
  const shape = order.map((axis) => x.shape[axis]!);
  const strides = computeStrides(x.shape);
  // axes of 1 may be anywhere without a value moving
  const long = order.filter((axis) => x.shape[axis]! > 1);
  if (long.every((axis, i) => i === 0 || axis > long[i - 1]!)) return reshaped(x, shape);
  const indexes = (): Int32Array =>
    stridedIndexes(
      shape,
      order.map((axis) => strides[axis]!),
    );
  return gathered(x, shape, indexes, context);
}

const transpose: OperatorImplementation = (operator, [x], context) => {
  const from = required(x);
  const order = numberListAttribute(operator, 'perm') ?? from.shape.map((_, i) => from.shape.length - 1 - i);
  if (order.toSorted((a, b) => a - b).join() !== from.shape.map((_, i) => i).join())
    invalidOperator(`perm [${order.join(', ')}] is not a permutation of ${from.shape.length} axes`);
  return permuted(from, order, context);
};

const expand: OperatorImplementation = (_, [x, target], context) => {
  const from = required(x);
  const shape = broadcastShapes(from.shape, constantValues(target, 'the new shape'));
  if (elementCount(shape) === from.values.length) return reshaped(from, shape);
  return gathered(from, shape, () => stridedIndexes(shape, broadcastStrides(from.shape, shape)), context);
};

const tile: OperatorImplementation = (_, [x, repeats], context) => {
  const from = required(x);
  const times = constantValues(repeats, 'repeats');
  const shape = from.shape.map((size, i) => size * (times[i] ?? NaN));
  const strides = computeStrides(from.shape);
  // every axis twice: the copy, and the position in it
  const wide = from.shape.flatMap((size, i) => [times[i]!, size]);
  return gathered(
    from,
    shape,
    () =>
      stridedIndexes(
        wide,
        strides.flatMap((stride) => [0, stride]),
      ),
    context,
  );
};

export const shapeOperators: Readonly<Record<string, OperatorImplementation>> = {
  Identity: (_, [x]) => ({ outputs: [required(x)], run: null }),
  /** The identity; its mask output is all true. */
  Dropout: (_, [x, , training], context) => {
    if (training && (!training.known || training.values[0] !== 0)) invalidOperator('it is in training mode');
    const mask = createOperand(context, 'bool', required(x).shape, true);
    mask.values.fill(1);
    return { outputs: [required(x), mask], run: null };
  },
  Reshape: reshape,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Flatten: flatten,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  Shape: (operator, [x], context) => {
    const { shape } = required(x);
    const part = shape.slice(
      numberAttribute(operator, 'start', 0),
      numberAttribute(operator, 'end', shape.length),
    );
    return constantIntegers(context, part, [part.length]);
  },
  Size: (_, [x], context) => constantIntegers(context, [elementCount(required(x).shape)], []),
};
