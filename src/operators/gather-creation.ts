import {
  axisOf,
  broadcast,
  knownNumbers,
  operandOf,
  refuseOperator,
  sizeOf,
  stridesOf,
  type Operand,
} from './operand.ts';
import { numberOf, type OperatorKind } from './operator.ts';
import { outer } from './shape.ts';

// Operators that read by index, and those that make numbers from nothing.

/**
 * y = x taken at indices along an axis. x [before, n, after]  indices any shape, from −n to n − 1; one outside gives NaN
 * (0 among whole numbers), as a run has nobody to tell and must not fail those it runs with.
 */
const gather: OperatorKind = (operator, [x, indices], preparing) => {
  const [from, at] = [outer(x), outer(indices)];
  const axis = axisOf(numberOf(operator, 'axis', 0), from.shape.length);
  const size = from.shape[axis]!;
  const before = sizeOf(from.shape.slice(0, axis));
  const after = sizeOf(from.shape.slice(axis + 1));
  const shape = [...from.shape.slice(0, axis), ...at.shape, ...from.shape.slice(axis + 1)];
  const y = operandOf(preparing, from.kind, shape, from.known && at.known);
  const none = from.kind === 'float' ? NaN : 0;
  return {
    outputs: [y],
    run: () => {
      let to = 0;
      for (let row = 0; row < before; row++)
        for (const index of at.values) {
          const place = index < 0 ? index + size : index;
          if (Number.isInteger(place) && place >= 0 && place < size) {
            const start = (row * size + place) * after;
            y.values.set(from.values.subarray(start, start + after), to);
          } else y.values.fill(none, to, to + after);
          to += after;
        }
    },
  };
};

/** y has the shape of the indices, which differ from place to place. */
const gatherElements: OperatorKind = (operator, [x, indices], preparing) => {
  const [from, at] = [outer(x), outer(indices)];
  const axis = axisOf(numberOf(operator, 'axis', 0), from.shape.length);
  const strides = stridesOf(from.shape);
  const own = stridesOf(at.shape);
  const y = operandOf(preparing, from.kind, at.shape, from.known && at.known);
  if (from.shape.some((size, i) => i !== axis && size < at.shape[i]!))
    refuseOperator('indices wider than what they read');
  const size = from.shape[axis]!;
  const starts = Int32Array.from(y.values, (_, i) =>
    at.shape.reduce(
      (sum, wide, k) => (k === axis ? sum : sum + (Math.floor(i / own[k]!) % wide) * strides[k]!),
      0,
    ),
  );
  const none = from.kind === 'float' ? NaN : 0;
  return {
    outputs: [y],
    run: () => {
      for (let i = 0; i < y.values.length; i++) {
        const index = at.values[i]!;
        const place = index < 0 ? index + size : index;
        y.values[i] = place >= 0 && place < size ? from.values[starts[i]! + place * strides[axis]!]! : none;
      }
    },
  };
};

const constantOfShape: OperatorKind = (operator, [sizes], preparing) => {
  const kind = numberOf(operator, 'kind', 0);
  const y = operandOf(
    preparing,
    kind === 0 ? 'float' : kind === 1 ? 'int' : 'bool',
    knownNumbers(sizes, 'the shape'),
    true,
  );
  y.values.fill(numberOf(operator, 'value', 0));
  return { outputs: [y], run: null };
};

const range: OperatorKind = (_, [start, limit, delta], preparing) => {
  const [from = 0, to = 0, by = 0] = [start, limit, delta].map((one) => knownNumbers(one, 'a bound')[0]!);
  const count = Math.max(0, Math.ceil((to - from) / by));
  const y = operandOf(preparing, outer(start).kind, [count], true);
  for (let i = 0; i < count; i++) y.values[i] = from + i * by;
  return { outputs: [y], run: null };
};

/** y = values[1] at the index, values[0] elsewhere, along a new axis of `depth`. */
const oneHot: OperatorKind = (operator, [indices, depth, pair], preparing) => {
  const [at, chosen] = [outer(indices), outer(pair)];
  const size = knownNumbers(depth, 'the depth')[0]!;
  const rank = at.shape.length + 1;
  const axis = axisOf(numberOf(operator, 'axis', -1), rank);
  const y = operandOf(preparing, chosen.kind, at.shape.toSpliced(axis, 0, size), at.known && chosen.known);
  const after = sizeOf(at.shape.slice(axis));
  return {
    outputs: [y],
    run: () => {
      y.values.fill(chosen.values[0]!);
      at.values.forEach((index, i) => {
        const place = index < 0 ? index + size : index;
        if (place >= 0 && place < size)
          y.values[Math.floor(i / after) * after * size + place * after + (i % after)] = chosen.values[1]!;
      });
    },
  };
};

/** 1 on and above (upper) or on and below a diagonal, of the last two axes; else 0. */
const triangle: OperatorKind = (operator, [x, offset], preparing) => {
  const from: Operand = outer(x);
  const k = offset ? knownNumbers(offset, 'k')[0]! : 0;
  const [rows = 0, columns = 0] = from.shape.slice(-2);
  const upper = numberOf(operator, 'upper', 1) === 1;
  const y = operandOf(preparing, from.kind, broadcast(from.shape, from.shape), from.known);
  return {
    outputs: [y],
    run: () => {
      for (let i = 0; i < y.values.length; i++) {
        const [row, column] = [Math.floor(i / columns) % rows, i % columns];
        y.values[i] = (upper ? column >= row + k : column <= row + k) ? from.values[i]! : 0;
      }
    },
  };
};

export const lookup: Readonly<Record<string, OperatorKind>> = {
  Gather: gather,
  GatherElements: gatherElements,
  ConstantOfShape: constantOfShape,
  Range: range,
  OneHot: oneHot,
  Trilu: triangle,
};
