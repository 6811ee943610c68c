import { normaliseAxis, createOperand, invalidOperator, elementCount, computeStrides } from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { inSlices } from './slices.ts';
import { required } from './shape.ts';

// Operators that read by index.

/** @returns the index from 0 @throws UnrollError invalid_model where it is not one of `size` */
export function checkIndex(index: number, size: number): number {
  const position = index < 0 ? index + size : index;
  if (!Number.isInteger(position) || position < 0 || position >= size)
    invalidOperator(`index ${index} is out of range for an axis of ${size}`);
  return position;
}

/** y = x at indices along an axis. x [before, n, after]  indices any shape, from −n to n − 1 */
const gather: OperatorImplementation = (operator, [x, indices], context) => {
  const [from, at] = [required(x), required(indices)];
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
  const size = from.shape[axis]!;
  const before = elementCount(from.shape.slice(0, axis));
  const after = elementCount(from.shape.slice(axis + 1));
  const shape = [...from.shape.slice(0, axis), ...at.shape, ...from.shape.slice(axis + 1)];
  const y = createOperand(context, from.kind, shape, from.known && at.known);
  return {
    outputs: [y],
    ...inSlices(before * at.values.length, after + 8, (begin, end) => {
      for (let i = begin; i < end; i++) {
        const row = Math.floor(i / at.values.length);
        const start = (row * size + checkIndex(at.values[i % at.values.length]!, size)) * after;
        y.values.set(from.values.subarray(start, start + after), i * after);
      }
    }),
  };
};

/** y has the shape of the indices: every element has an index of its own along the axis. */
const gatherElements: OperatorImplementation = (operator, [x, indices], context) => {
  const [from, at] = [required(x), required(indices)];
  const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
  const strides = computeStrides(from.shape);
  const own = computeStrides(at.shape);
  const y = createOperand(context, from.kind, at.shape, from.known && at.known);
  if (from.shape.some((size, i) => i !== axis && size < at.shape[i]!))
    invalidOperator('the indices are larger than the data along another axis');
  const size = from.shape[axis]!;
  const starts = Int32Array.from(y.values, (_, i) =>
    at.shape.reduce(
      (sum, wide, k) => (k === axis ? sum : sum + (Math.floor(i / own[k]!) % wide) * strides[k]!),
      0,
    ),
  );
  return {
    outputs: [y],
    run: () => {
      for (let i = 0; i < y.values.length; i++)
        y.values[i] = from.values[starts[i]! + checkIndex(at.values[i]!, size) * strides[axis]!]!;
    },
  };
};

/** y[i] = x[indices[i]]. indices [rows …, depth], behind `batch_dims` axes that x and the indices share */
const gatherNd: OperatorImplementation = (operator, [x, indices], context) => {
  const [from, at] = [required(x), required(indices)];
  const shared = numberAttribute(operator, 'batch_dims', 0);
  const depth = at.shape.at(-1) ?? 0;
  const inner = from.shape.slice(shared + depth);
  if (shared + depth > from.shape.length || shared >= at.shape.length)
    invalidOperator(`${depth} indices behind ${shared} axes of [${from.shape.join(', ')}]`);
  const [strides, wide] = [computeStrides(from.shape), elementCount(inner)];
  const y = createOperand(context, from.kind, [...at.shape.slice(0, -1), ...inner], from.known && at.known);
  const rows = elementCount(at.shape.slice(0, -1));
  const perBatch = elementCount(at.shape.slice(shared, -1)) || 1;
  const batch = elementCount(from.shape.slice(shared));
  return {
    outputs: [y],
    ...inSlices(rows, wide + 8, (begin, end) => {
      for (let i = begin; i < end; i++) {
        let start = Math.floor(i / perBatch) * batch;
        for (let k = 0; k < depth; k++)
          start += checkIndex(at.values[i * depth + k]!, from.shape[shared + k]!) * strides[shared + k]!;
        y.values.set(from.values.subarray(start, start + wide), i * wide);
      }
    }),
  };
};

export const gatherOperators: Readonly<Record<string, OperatorImplementation>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
};
