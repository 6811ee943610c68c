import {
  broadcastShapes,
  computeStrides,
  constantValues,
  createOperand,
  elementCount,
  normaliseAxis,
  type Operand,
} from './operand.ts';
import { float64Kinds } from './number-kinds.ts';
import { numberAttribute, textAttribute, type OperatorImplementation } from './operator.ts';
import { required } from './shape.ts';
import { inSlices } from './slices.ts';

// Operators that create a tensor from sizes, bounds or indices.

/** A tensor of one value. */
const constantOfShape: OperatorImplementation = (operator, [sizes], context) => {
  const kind = textAttribute(operator, 'kind', 'float');
  const y = createOperand(
    context,
    float64Kinds.find((one) => one === kind) ?? 'float',
    constantValues(sizes, 'the shape'),
    true,
  );
  y.values.fill(numberAttribute(operator, 'value', 0));
  return { outputs: [y], run: null };
};

/** start, start + delta, … below limit. */
const range: OperatorImplementation = (_, [start, limit, delta], context) => {
  const [from = 0, to = 0, by = 0] = [start, limit, delta].map(
    (bound) => constantValues(bound, 'a bound')[0]!,
  );
  const count = Math.max(0, Math.ceil((to - from) / by));
  const y = createOperand(context, required(start).kind, [count], true);
  const fill = inSlices(count, 1, (begin, end) => {
    for (let i = begin; i < end; i++) y.values[i] = from + i * by;
  });
  return { outputs: [y], ...fill };
};

/** The positions of what is not zero, [rank, count]: its size depends on the values, which must be known. */
const nonZero: OperatorImplementation = (_, [x], context) => {
  const from = required(x);
  const places = constantValues(from, 'what NonZero reads').flatMap((value, i) => (value === 0 ? [] : [i]));
  const y = createOperand(context, 'int', [from.shape.length, places.length], true);
  const strides = computeStrides(from.shape);
  return {
    outputs: [y],
    run: () =>
      from.shape.forEach((size, axis) =>
        places.forEach((place, i) => {
          y.values[axis * places.length + i] = Math.floor(place / strides[axis]!) % size;
        }),
      ),
  };
};

/** y = values[1] at the index, values[0] elsewhere, along a new axis of `depth`. */
const oneHot: OperatorImplementation = (operator, [indices, depth, pair], context) => {
  const [at, chosen] = [required(indices), required(pair)];
  const size = constantValues(depth, 'the depth')[0]!;
  const rank = at.shape.length + 1;
  const axis = normaliseAxis(numberAttribute(operator, 'axis', -1), rank);
  const y = createOperand(context, chosen.kind, at.shape.toSpliced(axis, 0, size), at.known && chosen.known);
  const after = elementCount(at.shape.slice(axis));
  return {
    outputs: [y],
    run: () => {
      y.values.fill(chosen.values[0]!);
      at.values.forEach((index, i) => {
        const position = index < 0 ? index + size : index;
        if (position >= 0 && position < size)
          y.values[Math.floor(i / after) * after * size + position * after + (i % after)] = chosen.values[1]!;
      });
    },
  };
};

/** x on and above (upper) or on and below a diagonal of the last two axes, 0 elsewhere. */
const triangle: OperatorImplementation = (operator, [x, offset], context) => {
  const from: Operand = required(x);
  const k = offset ? constantValues(offset, 'k')[0]! : 0;
  const [rows = 0, columns = 0] = from.shape.slice(-2);
  const upper = numberAttribute(operator, 'upper', 1) === 1;
  const y = createOperand(context, from.kind, broadcastShapes(from.shape, from.shape), from.known);
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

export const creationOperators: Readonly<Record<string, OperatorImplementation>> = {
  ConstantOfShape: constantOfShape,
  Range: range,
  NonZero: nonZero,
  OneHot: oneHot,
  Trilu: triangle,
};
