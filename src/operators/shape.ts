import type { OperatorSpec } from './spec.ts';
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

// Operators that move numbers and compute none: a reshape is the same numbers, everything else a table of places made when prepared.

/** An input that must be there. */
export const required = (x: Operand | undefined): Operand => x ?? invalidOperator('an input is missing');
export const reshaped = (x: Operand, shape: readonly number[]): PreparedOperator => {
  if (elementCount(shape) !== x.values.length || !shape.every(Number.isInteger))
    invalidOperator(`[${x.shape.join(', ')}] as [${shape.join(', ')}]`);
  return { outputs: [withShape(x, shape)], run: null };
};

/** y[i] ← x[places[i]], and `otherwise` where that is −1. */
export function gathered(
  x: Operand,
  shape: readonly number[],
  placesMade: () => Int32Array,
  preparing: PrepareContext,
  otherwise = 0,
): PreparedOperator {
  const y = createOperand(preparing, x.kind, shape, x.known);
  const [from, to] = [x.values, y.values];
  const table = lazy(placesMade);
  return {
    outputs: [y],
    run: () => {
      const places = table();
      for (let i = 0; i < to.length; i++) {
        const place = places[i]!;
        to[i] = place < 0 ? otherwise : from[place]!;
      }
    },
  };
}

const shapeKnown = (
  preparing: PrepareContext,
  numbers: readonly number[],
  rank: number[],
): PreparedOperator => {
  const y = createOperand(preparing, 'int', rank, true);
  y.values.set(numbers);
  return { outputs: [y], run: null };
};

const reshape: OperatorImplementation = (operator, [x, target]) => {
  const from = required(x);
  const wanted = constantValues(target, 'the new shape').map((size, i) =>
    size === 0 && numberAttribute(operator, 'allowzero', 0) === 0 ? (from.shape[i] ?? 0) : size,
  );
  const rest = wanted.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return reshaped(
    from,
    wanted.map((size) => (size === -1 ? (rest === 0 ? 0 : from.values.length / rest) : size)),
  );
};

const axesOf = (operator: OperatorSpec, given: Operand | undefined, rank: number): number[] | null => {
  const axes = numberListAttribute(operator, 'axes') ?? (given ? constantValues(given, 'axes') : null);
  return axes?.map((axis) => normaliseAxis(axis, rank)) ?? null;
};

const squeeze: OperatorImplementation = (operator, [x, given]) => {
  const from = required(x);
  const axes =
    axesOf(operator, given, from.shape.length) ?? from.shape.flatMap((size, i) => (size === 1 ? [i] : []));
  for (const axis of axes)
    if (from.shape[axis] !== 1) invalidOperator(`takes axis ${axis} of [${from.shape.join(', ')}] away`);
  return reshaped(
    from,
    from.shape.filter((_, i) => !axes.includes(i)),
  );
};

const unsqueeze: OperatorImplementation = (operator, [x, given]) => {
  const from = required(x);
  const count = (numberListAttribute(operator, 'axes') ?? constantValues(given, 'axes')).length;
  const axes = new Set(axesOf(operator, given, from.shape.length + count));
  let next = 0;
  return reshaped(
    from,
    Array.from({ length: from.shape.length + axes.size }, (_, i) => (axes.has(i) ? 1 : from.shape[next++]!)),
  );
};

const flatten: OperatorImplementation = (operator, [x]) => {
  const from = required(x);
  const axis = numberAttribute(operator, 'axis', 1);
  const cut = axis === from.shape.length ? axis : normaliseAxis(axis, from.shape.length);
  return reshaped(from, [elementCount(from.shape.slice(0, cut)), elementCount(from.shape.slice(cut))]);
};

/** The same numbers with their axes in another order. */
export function permuted(x: Operand, order: readonly number[], preparing: PrepareContext): PreparedOperator {
  const shape = order.map((axis) => x.shape[axis]!);
  const strides = computeStrides(x.shape);
  // axes of 1 may go anywhere without a number moving
  const long = order.filter((axis) => x.shape[axis]! > 1);
  if (long.every((axis, i) => i === 0 || axis > long[i - 1]!)) return reshaped(x, shape);
  const places = (): Int32Array =>
    stridedIndexes(
      shape,
      order.map((axis) => strides[axis]!),
    );
  return gathered(x, shape, places, preparing);
}

const transpose: OperatorImplementation = (operator, [x], preparing) => {
  const from = required(x);
  const order = numberListAttribute(operator, 'perm') ?? from.shape.map((_, i) => from.shape.length - 1 - i);
  if (order.toSorted((a, b) => a - b).join() !== from.shape.map((_, i) => i).join())
    invalidOperator(`perm [${order.join(', ')}] of ${from.shape.length} dimensions`);
  return permuted(from, order, preparing);
};

const expand: OperatorImplementation = (_, [x, target], preparing) => {
  const from = required(x);
  const shape = broadcastShapes(from.shape, constantValues(target, 'the new shape'));
  if (elementCount(shape) === from.values.length) return reshaped(from, shape);
  return gathered(from, shape, () => stridedIndexes(shape, broadcastStrides(from.shape, shape)), preparing);
};

const tile: OperatorImplementation = (_, [x, repeats], preparing) => {
  const from = required(x);
  const times = constantValues(repeats, 'repeats');
  const shape = from.shape.map((size, i) => size * (times[i] ?? NaN));
  const strides = computeStrides(from.shape);
  // every axis twice: which copy, which place in it
  const wide = from.shape.flatMap((size, i) => [times[i]!, size]);
  return gathered(
    from,
    shape,
    () =>
      stridedIndexes(
        wide,
        strides.flatMap((stride) => [0, stride]),
      ),
    preparing,
  );
};

export const shapeOperators: Readonly<Record<string, OperatorImplementation>> = {
  Identity: (_, [x]) => ({ outputs: [required(x)], run: null }),
  /** Its mask, where it is read, says that everything stays. */
  Dropout: (_, [x], preparing) => {
    const mask = createOperand(preparing, 'bool', required(x).shape, true);
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
  Shape: (operator, [x], preparing) => {
    const { shape } = required(x);
    const part = shape.slice(
      numberAttribute(operator, 'start', 0),
      numberAttribute(operator, 'end', shape.length),
    );
    return shapeKnown(preparing, part, [part.length]);
  },
  Size: (_, [x], preparing) => shapeKnown(preparing, [elementCount(required(x).shape)], []),
};
