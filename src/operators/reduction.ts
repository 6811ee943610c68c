import { computeLines, mappedSum, maximum, plainSum } from './lines.ts';
import { constantValues, createOperand, lazy, normaliseAxis, type Operand } from './operand.ts';
import { numberAttribute, numberListAttribute, type OperatorImplementation } from './operator.ts';
import { required } from './shape.ts';
import { inSlices } from './slices.ts';

// Operators along axes: reductions, arg max, cumulative sums.

const reduceOperator =
  (f: (x: Operand['values'], start: number, offsets: Int32Array) => number): OperatorImplementation =>
  (operator, [x, axesInput], context) => {
    const from = required(x);
    const rank = from.shape.length;
    const listed =
      numberListAttribute(operator, 'axes') ?? (axesInput ? constantValues(axesInput, 'axes') : []);
    if (listed.length === 0 && numberAttribute(operator, 'noop_with_empty_axes', 0) !== 0)
      return { outputs: [from], run: null };
    const axes = (listed.length > 0 ? listed : from.shape.map((_, i) => i)).map((axis) =>
      normaliseAxis(axis, rank),
    );
    const kept = from.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    const shape =
      numberAttribute(operator, 'keepdims', 1) === 1 ? kept : kept.filter((_, i) => !axes.includes(i));
    const y = createOperand(context, from.kind, shape, from.known);
    const lines = lazy(() => computeLines(from, axes));
    return {
      outputs: [y],
      ...inSlices(y.values.length, from.values.length / y.values.length, (begin, end) => {
        const { starts, offsets } = lines();
        for (let i = begin; i < end; i++) y.values[i] = f(from.values, starts[i]!, offsets);
      }),
    };
  };

const argOperator =
  (isBetter: (value: number, best: number) => boolean): OperatorImplementation =>
  (operator, [x], context) => {
    const from = required(x);
    const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
    const last = numberAttribute(operator, 'select_last_index', 0) === 1;
    const keep = numberAttribute(operator, 'keepdims', 1) === 1;
    const shape = keep ? from.shape.with(axis, 1) : from.shape.toSpliced(axis, 1);
    const y = createOperand(context, 'int', shape, from.known);
    const lines = lazy(() => computeLines(from, [axis]));
    return {
      outputs: [y],
      ...inSlices(y.values.length, from.shape[axis]!, (begin, end) => {
        const { starts, offsets } = lines();
        starts.subarray(begin, end).forEach((start, i) => {
          let bestIndex = 0;
          offsets.forEach((offset, k) => {
            const [value, best] = [from.values[start + offset]!, from.values[start + offsets[bestIndex]!]!];
            if (isBetter(value, best) || (last && value === best)) bestIndex = k;
          });
          y.values[begin + i] = bestIndex;
        });
      }),
    };
  };

const cumSum: OperatorImplementation = (operator, [x, axisInput], context) => {
  const from = required(x);
  const axis = normaliseAxis(constantValues(axisInput, 'the axis')[0]!, from.shape.length);
  const [exclusive, reverse] = [
    numberAttribute(operator, 'exclusive', 0) === 1,
    numberAttribute(operator, 'reverse', 0) === 1,
  ];
  const y = createOperand(context, from.kind, from.shape, from.known);
  const lines = lazy(() => computeLines(from, [axis]));
  return {
    outputs: [y],
    ...inSlices(y.values.length / (from.shape[axis]! || 1), from.shape[axis]!, (begin, end) => {
      const { starts, offsets } = lines();
      const order = reverse ? offsets.toReversed() : offsets;
      for (const start of starts.subarray(begin, end)) {
        let sum = 0;
        for (const offset of order) {
          if (exclusive) y.values[start + offset] = sum;
          sum += from.values[start + offset]!;
          if (!exclusive) y.values[start + offset] = sum;
        }
      }
    }),
  };
};

export const reductionOperators: Readonly<Record<string, OperatorImplementation>> = {
  ReduceSum: reduceOperator(plainSum),
  ReduceMean: reduceOperator((x, start, offsets) => plainSum(x, start, offsets) / offsets.length),
  ReduceMax: reduceOperator(maximum),
  ReduceMin: reduceOperator((x, start, offsets) => {
    let min = Infinity;
    for (const offset of offsets) min = Math.min(min, x[start + offset]!);
    return min;
  }),
  ReduceProd: reduceOperator((x, start, offsets) => {
    let product = 1;
    for (const offset of offsets) product *= x[start + offset]!;
    return product;
  }),
  ReduceL1: reduceOperator((x, start, offsets) => mappedSum(x, start, offsets, Math.abs)),
  ReduceL2: reduceOperator((x, start, offsets) =>
    Math.sqrt(mappedSum(x, start, offsets, (value) => value * value)),
  ),
  ReduceSumSquare: reduceOperator((x, start, offsets) =>
    mappedSum(x, start, offsets, (value) => value * value),
  ),
  ReduceLogSumExp: reduceOperator((x, start, offsets) => {
    const max = maximum(x, start, offsets);
    return max + Math.log(mappedSum(x, start, offsets, (value) => Math.exp(value - max)));
  }),
  ArgMax: argOperator((value, best) => value > best),
  ArgMin: argOperator((value, best) => value < best),
  CumSum: cumSum,
};
