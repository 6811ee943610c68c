import type { OperatorSpec } from './spec.ts';
import {
  normaliseAxis,
  broadcastStrides,
  constantValues,
  lazy,
  createOperand,
  stridedIndexes,
  invalidOperator,
  computeStrides,
  type Operand,
} from './operand.ts';
import { numberAttribute, numberListAttribute, type OperatorImplementation } from './operator.ts';
import { required, requireInputs } from './shape.ts';

// Operators along axes: reductions, softmax, arg max, cumulative sums, normalisation. Sums are in float64,
// from the first
// element of an axis to the last.

/** The lines of x along some axes: the index of each line's first element, and offsets from there. */
function computeLines(x: Operand, axes: readonly number[]): { starts: Int32Array; offsets: Int32Array } {
  const strides = computeStrides(x.shape);
  const indexesAlong = (included: boolean): Int32Array => {
    const on = x.shape.map((_, i) => i).filter((i) => axes.includes(i) === included);
    return stridedIndexes(
      on.map((i) => x.shape[i]!),
      on.map((i) => strides[i]!),
    );
  };
  return { starts: indexesAlong(false), offsets: indexesAlong(true) };
}

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
      run: () => {
        const { starts, offsets } = lines();
        for (let i = 0; i < starts.length; i++) y.values[i] = f(from.values, starts[i]!, offsets);
      },
    };
  };

const mappedSum = (
  x: Operand['values'],
  start: number,
  offsets: Int32Array,
  f: (value: number) => number,
): number => {
  let sum = 0;
  for (const offset of offsets) sum += f(x[start + offset]!);
  return sum;
};
const plainSum = (x: Operand['values'], start: number, offsets: Int32Array): number => {
  let sum = 0;
  for (let k = 0; k < offsets.length; k++) sum += x[start + offsets[k]!]!;
  return sum;
};
const maximum = (x: Operand['values'], start: number, offsets: Int32Array): number => {
  let max = -Infinity;
  for (const offset of offsets) max = Math.max(max, x[start + offset]!);
  return max;
};

/** The axes of a softmax: one, or all from it on (`flat`: opset 12 and before). */
function softmaxAxes(operator: OperatorSpec, from: Operand): number[] {
  const axis = normaliseAxis(numberAttribute(operator, 'axis', -1), from.shape.length);
  return numberAttribute(operator, 'flat', 0) === 1
    ? from.shape.flatMap((_, i) => (i >= axis ? [i] : []))
    : [axis];
}

const softmaxOperator =
  (finish: (value: number, max: number, sum: number) => number): OperatorImplementation =>
  (operator, [x], context) => {
    const from = required(x);
    const y = createOperand(context, from.kind, from.shape, from.known);
    const lines = lazy(() => computeLines(from, softmaxAxes(operator, from)));
    return {
      outputs: [y],
      run: () => {
        const { starts, offsets } = lines();
        for (const start of starts) {
          const max = maximum(from.values, start, offsets);
          const sum = mappedSum(from.values, start, offsets, (value) => Math.exp(value - max));
          for (const offset of offsets)
            y.values[start + offset] = finish(from.values[start + offset]!, max, sum);
        }
      },
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
      run: () => {
        const { starts, offsets } = lines();
        starts.forEach((start, i) => {
          let bestIndex = 0;
          offsets.forEach((offset, k) => {
            const [value, best] = [from.values[start + offset]!, from.values[start + offsets[bestIndex]!]!];
            if (isBetter(value, best) || (last && value === best)) bestIndex = k;
          });
          y.values[i] = bestIndex;
        });
      },
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
    run: () => {
      const { starts, offsets } = lines();
      const order = reverse ? offsets.toReversed() : offsets;
      for (const start of starts) {
        let sum = 0;
        for (const offset of order) {
          if (exclusive) y.values[start + offset] = sum;
          sum += from.values[start + offset]!;
          if (!exclusive) y.values[start + offset] = sum;
        }
      }
    },
  };
};

/**
 * y = (x − mean) / √(variance + ε) · scale + shift along some axes.
 * @param how.parameterIndexes the index into a parameter (scale, shift) for each element of x
 */
function normalise(
  operator: OperatorSpec,
  [x, scale, shift]: readonly (Operand | undefined)[],
  context: Parameters<OperatorImplementation>[2],
  how: {
    readonly axes: readonly number[];
    readonly parameterIndexes: (parameter: Operand) => Int32Array;
  },
): ReturnType<OperatorImplementation> {
  const from = required(x);
  const epsilon = numberAttribute(operator, 'epsilon', 1e-5);
  const y = createOperand(
    context,
    'float',
    from.shape,
    from.known && (scale?.known ?? true) && (shift?.known ?? true),
  );
  const lines = lazy(() => computeLines(from, how.axes));
  const [scaleIndexes, shiftIndexes] = [scale, shift].map(
    (parameter) => parameter && how.parameterIndexes(parameter),
  );
  // outputs as well: the mean and the factor of each line
  const lineShape = from.shape.map((size, i) => (how.axes.includes(i) ? 1 : size));
  const [means, factors] = [
    createOperand(context, 'float', lineShape, y.known),
    createOperand(context, 'float', lineShape, y.known),
  ];
  return {
    outputs: [y, means, factors],
    run: () => {
      const { starts, offsets } = lines();
      for (const [line, start] of starts.entries()) {
        const mean = plainSum(from.values, start, offsets) / offsets.length;
        const variance =
          mappedSum(from.values, start, offsets, (value) => (value - mean) ** 2) / offsets.length;
        const factor = 1 / Math.sqrt(variance + epsilon);
        means.values[line] = mean;
        factors.values[line] = factor;
        for (const offset of offsets) {
          const i = start + offset;
          const value = (from.values[i]! - mean) * factor;
          y.values[i] =
            value * (scaleIndexes ? scale!.values[scaleIndexes[i]!]! : 1) +
            (shiftIndexes ? shift!.values[shiftIndexes[i]!]! : 0);
        }
      }
    },
  };
}

/** Indexes of a parameter with one value for each channel, which is axis 1. */
const channelIndexes =
  (from: Operand) =>
  (parameter: Operand): Int32Array => {
    if (parameter.values.length !== from.shape[1])
      invalidOperator(`a parameter has ${parameter.values.length} values for ${from.shape[1]} channels`);
    return stridedIndexes(
      from.shape,
      from.shape.map((_, i) => (i === 1 ? 1 : 0)),
    );
  };

const layerNormalization: OperatorImplementation = (operator, inputs, context) => {
  const from = required(inputs[0]);
  const axis = normaliseAxis(numberAttribute(operator, 'axis', -1), from.shape.length);
  const axes = from.shape.flatMap((_, i) => (i >= axis ? [i] : []));
  return normalise(operator, inputs, context, {
    axes,
    parameterIndexes: (parameter) =>
      stridedIndexes(from.shape, broadcastStrides(parameter.shape, from.shape)),
  });
};

const instanceNormalization: OperatorImplementation = (operator, inputs, context) => {
  const from = required(inputs[0]);
  return normalise(operator, inputs, context, {
    axes: from.shape.flatMap((_, i) => (i >= 2 ? [i] : [])),
    parameterIndexes: channelIndexes(from),
  });
};

/**
 * y = (x − mean) / √(variance + ε) · scale + shift, with the mean and variance of training; channels are axis
 * 1.
 */
const batchNormalization: OperatorImplementation = (operator, inputs, context) => {
  const [x, scale, shift, mean, variance] = requireInputs(inputs.slice(0, 5), 5);
  const epsilon = numberAttribute(operator, 'epsilon', 1e-5);
  const channel = channelIndexes(x!)(scale!);
  const y = createOperand(
    context,
    'float',
    x!.shape,
    inputs.every((input) => input?.known),
  );
  return {
    outputs: [y],
    run: () => {
      for (let i = 0; i < y.values.length; i++) {
        const c = channel[i]!;
        const factor = scale!.values[c]! / Math.sqrt(variance!.values[c]! + epsilon);
        y.values[i] = (x!.values[i]! - mean!.values[c]!) * factor + shift!.values[c]!;
      }
    },
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
  Softmax: softmaxOperator((value, max, sum) => Math.exp(value - max) / sum),
  LogSoftmax: softmaxOperator((value, max, sum) => value - max - Math.log(sum)),
  ArgMax: argOperator((value, best) => value > best),
  ArgMin: argOperator((value, best) => value < best),
  CumSum: cumSum,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  BatchNormalization: batchNormalization,
};
