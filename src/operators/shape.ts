import type { OperatorSpec } from './spec.ts';
import {
  axisOf,
  broadcast,
  broadcastStrides,
  knownNumbers,
  later,
  operandOf,
  placesOf,
  refuseOperator,
  reshaped,
  sizeOf,
  stridesOf,
  type Operand,
} from './operand.ts';
import { numberOf, numbersOf, type OperatorKind, type Prepared, type Preparing } from './operator.ts';

// Operators that move numbers and compute none: a reshape is the same numbers, everything else a table of places made when prepared.

/** An input that must be there. */
export const outer = (x: Operand | undefined): Operand => x ?? refuseOperator('an input is missing');
export const same = (x: Operand, shape: readonly number[]): Prepared => {
  if (sizeOf(shape) !== x.values.length || !shape.every(Number.isInteger))
    refuseOperator(`[${x.shape.join(', ')}] as [${shape.join(', ')}]`);
  return { outputs: [reshaped(x, shape)], run: null };
};

/** y[i] ← x[places[i]], and `otherwise` where that is −1. */
export function moved(
  x: Operand,
  shape: readonly number[],
  placesMade: () => Int32Array,
  preparing: Preparing,
  otherwise = 0,
): Prepared {
  const y = operandOf(preparing, x.kind, shape, x.known);
  const [from, to] = [x.values, y.values];
  const table = later(placesMade);
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

const shapeKnown = (preparing: Preparing, numbers: readonly number[], rank: number[]): Prepared => {
  const y = operandOf(preparing, 'int', rank, true);
  y.values.set(numbers);
  return { outputs: [y], run: null };
};

const reshape: OperatorKind = (operator, [x, target]) => {
  const from = outer(x);
  const wanted = knownNumbers(target, 'the new shape').map((size, i) =>
    size === 0 && numberOf(operator, 'allowzero', 0) === 0 ? (from.shape[i] ?? 0) : size,
  );
  const rest = wanted.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return same(
    from,
    wanted.map((size) => (size === -1 ? (rest === 0 ? 0 : from.values.length / rest) : size)),
  );
};

const axesOf = (operator: OperatorSpec, given: Operand | undefined, rank: number): number[] | null => {
  const axes = numbersOf(operator, 'axes') ?? (given ? knownNumbers(given, 'axes') : null);
  return axes?.map((axis) => axisOf(axis, rank)) ?? null;
};

const squeeze: OperatorKind = (operator, [x, given]) => {
  const from = outer(x);
  const axes =
    axesOf(operator, given, from.shape.length) ?? from.shape.flatMap((size, i) => (size === 1 ? [i] : []));
  for (const axis of axes)
    if (from.shape[axis] !== 1) refuseOperator(`takes axis ${axis} of [${from.shape.join(', ')}] away`);
  return same(
    from,
    from.shape.filter((_, i) => !axes.includes(i)),
  );
};

const unsqueeze: OperatorKind = (operator, [x, given]) => {
  const from = outer(x);
  const count = (numbersOf(operator, 'axes') ?? knownNumbers(given, 'axes')).length;
  const axes = new Set(axesOf(operator, given, from.shape.length + count));
  let next = 0;
  return same(
    from,
    Array.from({ length: from.shape.length + axes.size }, (_, i) => (axes.has(i) ? 1 : from.shape[next++]!)),
  );
};

const flatten: OperatorKind = (operator, [x]) => {
  const from = outer(x);
  const axis = numberOf(operator, 'axis', 1);
  const cut = axis === from.shape.length ? axis : axisOf(axis, from.shape.length);
  return same(from, [sizeOf(from.shape.slice(0, cut)), sizeOf(from.shape.slice(cut))]);
};

/** The same numbers with their axes in another order. */
export function turned(x: Operand, order: readonly number[], preparing: Preparing): Prepared {
  const shape = order.map((axis) => x.shape[axis]!);
  const strides = stridesOf(x.shape);
  // axes of 1 may go anywhere without a number moving
  const long = order.filter((axis) => x.shape[axis]! > 1);
  if (long.every((axis, i) => i === 0 || axis > long[i - 1]!)) return same(x, shape);
  const places = (): Int32Array =>
    placesOf(
      shape,
      order.map((axis) => strides[axis]!),
    );
  return moved(x, shape, places, preparing);
}

const transpose: OperatorKind = (operator, [x], preparing) => {
  const from = outer(x);
  const order = numbersOf(operator, 'perm') ?? from.shape.map((_, i) => from.shape.length - 1 - i);
  if (order.toSorted((a, b) => a - b).join() !== from.shape.map((_, i) => i).join())
    refuseOperator(`perm [${order.join(', ')}] of ${from.shape.length} dimensions`);
  return turned(from, order, preparing);
};

const expand: OperatorKind = (_, [x, target], preparing) => {
  const from = outer(x);
  const shape = broadcast(from.shape, knownNumbers(target, 'the new shape'));
  if (sizeOf(shape) === from.values.length) return same(from, shape);
  return moved(from, shape, () => placesOf(shape, broadcastStrides(from.shape, shape)), preparing);
};

const tile: OperatorKind = (_, [x, repeats], preparing) => {
  const from = outer(x);
  const times = knownNumbers(repeats, 'repeats');
  const shape = from.shape.map((size, i) => size * (times[i] ?? NaN));
  const strides = stridesOf(from.shape);
  // every axis twice: which copy, which place in it
  const wide = from.shape.flatMap((size, i) => [times[i]!, size]);
  return moved(
    from,
    shape,
    () =>
      placesOf(
        wide,
        strides.flatMap((stride) => [0, stride]),
      ),
    preparing,
  );
};

export const positional: Readonly<Record<string, OperatorKind>> = {
  Identity: (_, [x]) => ({ outputs: [outer(x)], run: null }),
  /** Its mask, where it is read, says that everything stays. */
  Dropout: (_, [x], preparing) => {
    const mask = operandOf(preparing, 'bool', outer(x).shape, true);
    mask.values.fill(1);
    return { outputs: [outer(x), mask], run: null };
  },
  Reshape: reshape,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Flatten: flatten,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  Shape: (operator, [x], preparing) => {
    const { shape } = outer(x);
    const part = shape.slice(numberOf(operator, 'start', 0), numberOf(operator, 'end', shape.length));
    return shapeKnown(preparing, part, [part.length]);
  },
  Size: (_, [x], preparing) => shapeKnown(preparing, [sizeOf(outer(x).shape)], []),
};
