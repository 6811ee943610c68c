import {
  broadcastShapes,
  constantValues,
  createOperand,
  elementCount,
  normaliseAxis,
  type Operand,
} from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { required } from './shape.ts';

// Operators that create a tensor from sizes, bounds or indices.

const constantOfShape: OperatorImplementation = (operator, [sizes], preparing) => {
  const kind = numberAttribute(operator, 'kind', 0);
  const y = createOperand(
    preparing,
    kind === 0 ? 'float' : kind === 1 ? 'int' : 'bool',
    constantValues(sizes, 'the shape'),
    true,
  );
  y.values.fill(numberAttribute(operator, 'value', 0));
  return { outputs: [y], run: null };
};

const range: OperatorImplementation = (_, [start, limit, delta], preparing) => {
  const [from = 0, to = 0, by = 0] = [start, limit, delta].map((one) => constantValues(one, 'a bound')[0]!);
  const count = Math.max(0, Math.ceil((to - from) / by));
  const y = createOperand(preparing, required(start).kind, [count], true);
  for (let i = 0; i < count; i++) y.values[i] = from + i * by;
  return { outputs: [y], run: null };
};

/** y = values[1] at the index, values[0] elsewhere, along a new axis of `depth`. */
const oneHot: OperatorImplementation = (operator, [indices, depth, pair], preparing) => {
  const [at, chosen] = [required(indices), required(pair)];
  const size = constantValues(depth, 'the depth')[0]!;
  const rank = at.shape.length + 1;
  const axis = normaliseAxis(numberAttribute(operator, 'axis', -1), rank);
  const y = createOperand(
    preparing,
    chosen.kind,
    at.shape.toSpliced(axis, 0, size),
    at.known && chosen.known,
  );
  const after = elementCount(at.shape.slice(axis));
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
const triangle: OperatorImplementation = (operator, [x, offset], preparing) => {
  const from: Operand = required(x);
  const k = offset ? constantValues(offset, 'k')[0]! : 0;
  const [rows = 0, columns = 0] = from.shape.slice(-2);
  const upper = numberAttribute(operator, 'upper', 1) === 1;
  const y = createOperand(preparing, from.kind, broadcastShapes(from.shape, from.shape), from.known);
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
  OneHot: oneHot,
  Trilu: triangle,
};
