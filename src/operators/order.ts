import { computeLines } from './lines.ts';
import { constantValues, createOperand, invalidOperator, normaliseAxis } from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { required } from './shape.ts';
import { inSlices } from './slices.ts';

// Operators that put the numbers along an axis into another order.

/** The k largest (or smallest) along an axis, with their indices; of equal numbers the one with the lower index first. */
const topK: OperatorImplementation = (operator, [x, count], context) => {
  const from = required(x);
  const axis = normaliseAxis(numberAttribute(operator, 'axis', -1), from.shape.length);
  const size = from.shape[axis]!;
  const k = constantValues(count, 'k')[0] ?? NaN;
  if (!(k >= 0 && k <= size)) invalidOperator(`k is ${k}, must be at most the ${size} of its axis`);
  const sign = numberAttribute(operator, 'largest', 1) === 1 ? -1 : 1;
  const shape = from.shape.with(axis, k);
  const values = createOperand(context, from.kind, shape, from.known);
  const indices = createOperand(context, 'int', shape, from.known);
  const [read, written] = [computeLines(from, [axis]), computeLines(values, [axis])];
  return {
    outputs: [values, indices],
    ...inSlices(read.starts.length, size * Math.log2(size + 2), (begin, end) => {
      for (let line = begin; line < end; line++) {
        const at = (i: number): number => from.values[read.starts[line]! + read.offsets[i]!]!;
        const order = Array.from({ length: size }, (_, i) => i);
        order.sort((a, b) => sign * (at(a) - at(b)) || a - b);
        written.offsets.forEach((offset, i) => {
          const place = written.starts[line]! + offset;
          values.values[place] = at(order[i]!);
          indices.values[place] = order[i]!;
        });
      }
    }),
  };
};

/** The first `lengths` steps of every sequence in reverse order, the others as they are. */
const reverseSequence: OperatorImplementation = (operator, [x, lengths], context) => {
  const [from, steps] = [required(x), required(lengths)];
  const time = numberAttribute(operator, 'time_axis', 0);
  const batch = numberAttribute(operator, 'batch_axis', 1);
  if (time + batch !== 1) invalidOperator(`axes ${time} and ${batch}, must be 0 and 1`);
  const [count = 0, rows = 0] = [from.shape[time], from.shape[batch]];
  if (steps.shape.join() !== String(rows)) invalidOperator(`lengths of [${steps.shape.join(', ')}]`);
  const width = from.shape.slice(2).reduce((product, one) => product * one, 1);
  const y = createOperand(context, from.kind, from.shape, from.known && steps.known);
  const toStart = (step: number, row: number): number =>
    width * (time === 0 ? step * rows + row : row * count + step);
  return {
    outputs: [y],
    ...inSlices(rows, count * width, (begin, end) => {
      for (let row = begin; row < end; row++) {
        const length = steps.values[row]!;
        if (!(length >= 0 && length <= count)) invalidOperator(`a length of ${length} of ${count} steps`);
        for (let step = 0; step < count; step++) {
          const start = toStart(step < length ? length - 1 - step : step, row);
          y.values.set(from.values.subarray(start, start + width), toStart(step, row));
        }
      }
    }),
  };
};

export const orderOperators: Readonly<Record<string, OperatorImplementation>> = {
  TopK: topK,
  ReverseSequence: reverseSequence,
};
