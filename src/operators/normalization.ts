import { computeLines, mappedSum, maximum, plainSum } from './lines.ts';
import {
  broadcastStrides,
  createOperand,
  elementCount,
  invalidOperator,
  lazy,
  normaliseAxis,
  stridedIndexes,
  type Operand,
} from './operand.ts';
import { numberAttribute, type OperatorImplementation } from './operator.ts';
import { required, requireInputs } from './shape.ts';
import { inSlices } from './slices.ts';
import type { OperatorSpec } from './spec.ts';

// Operators that scale the elements of a line by what all of them are: softmax and normalisation.

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
    const axes = softmaxAxes(operator, from);
    const lines = lazy(() => computeLines(from, axes));
    const size = elementCount(axes.map((axis) => from.shape[axis]!));
    return {
      outputs: [y],
      ...inSlices(size === 0 ? 0 : y.values.length / size, size, (begin, end) => {
        const { starts, offsets } = lines();
        for (const start of starts.subarray(begin, end)) {
          const max = maximum(from.values, start, offsets);
          const sum = mappedSum(from.values, start, offsets, (value) => Math.exp(value - max));
          for (const offset of offsets)
            y.values[start + offset] = finish(from.values[start + offset]!, max, sum);
        }
      }),
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
    from.kind,
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
    ...inSlices(means.values.length, from.values.length / means.values.length, (begin, end) => {
      const { starts, offsets } = lines();
      for (let line = begin; line < end; line++) {
        const start = starts[line]!;
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
    }),
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

/** y = (x − mean) / √(variance + ε) · scale + shift, with the mean and variance of training. Axis 1: channels. */
const batchNormalization: OperatorImplementation = (operator, inputs, context) => {
  const [x, scale, shift, mean, variance] = requireInputs(inputs.slice(0, 5), 5);
  const epsilon = numberAttribute(operator, 'epsilon', 1e-5);
  const channel = channelIndexes(x!)(scale!);
  const y = createOperand(
    context,
    x!.kind,
    x!.shape,
    inputs.every((input) => input?.known),
  );
  return {
    outputs: [y],
    ...inSlices(y.values.length, 1, (from, to) => {
      for (let i = from; i < to; i++) {
        const c = channel[i]!;
        const factor = scale!.values[c]! / Math.sqrt(variance!.values[c]! + epsilon);
        y.values[i] = (x!.values[i]! - mean!.values[c]!) * factor + shift!.values[c]!;
      }
    }),
  };
};

export const normalizationOperators: Readonly<Record<string, OperatorImplementation>> = {
  Softmax: softmaxOperator((value, max, sum) => Math.exp(value - max) / sum),
  LogSoftmax: softmaxOperator((value, max, sum) => value - max - Math.log(sum)),
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  BatchNormalization: batchNormalization,
};
