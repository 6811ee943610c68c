import { normaliseAxis, createOperand, invalidOperator, elementCount, computeStrides } from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { required } from './shape.ts';

// Operators that read by index, and those that make numbers from nothing.

/**
 * y = x taken at indices along an axis. x [before, n, after]  indices any shape, from −n to n − 1; one outside gives NaN
 * (0 among whole numbers), as a run has nobody to tell and must not fail those it runs with.
 */
const gather: OperatorImplementation = (operator, [x, indices], preparing) => {
  const [from, at] = [required(x), required(indices)];
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
  const size = from.shape[axis]!;
  const before = elementCount(from.shape.slice(0, axis));
  const after = elementCount(from.shape.slice(axis + 1));
  const shape = [...from.shape.slice(0, axis), ...at.shape, ...from.shape.slice(axis + 1)];
  const y = createOperand(preparing, from.kind, shape, from.known && at.known);
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
const gatherElements: OperatorImplementation = (operator, [x, indices], preparing) => {
  const [from, at] = [required(x), required(indices)];
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
  const strides = computeStrides(from.shape);
  const own = computeStrides(at.shape);
  const y = createOperand(preparing, from.kind, at.shape, from.known && at.known);
  if (from.shape.some((size, i) => i !== axis && size < at.shape[i]!))
    invalidOperator('indices wider than what they read');
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

export const gatherOperators: Readonly<Record<string, OperatorImplementation>> = {
  Gather: gather,
  GatherElements: gatherElements,
};
