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
import { required } from './shape.ts';

// Operators that look along axes: sums and the like, softmax, norms. Sums are taken in float64, from the first place to the last.

/** The lines along some axes of x: where each begins, and the places from there. */
function computeLines(x: Operand, axes: readonly number[]): { starts: Int32Array; offsets: Int32Array } {
  const strides = computeStrides(x.shape);
  const pick = (chosen: boolean): Int32Array => {
    const on = x.shape.map((_, i) => i).filter((i) => axes.includes(i) === chosen);
    return stridedIndexes(
      on.map((i) => x.shape[i]!),
      on.map((i) => strides[i]!),
    );
  };
  return { starts: pick(false), offsets: pick(true) };
}

const reduceOperator =
  (f: (x: Operand['values'], start: number, offsets: Int32Array) => number): OperatorImplementation =>
  (operator, [x, given], preparing) => {
    const from = required(x);
    const rank = from.shape.length;
    const listed = numberListAttribute(operator, 'axes') ?? (given ? constantValues(given, 'axes') : []);
    if (listed.length === 0 && numberAttribute(operator, 'noop_with_empty_axes', 0) !== 0)
      return { outputs: [from], run: null };
    const axes = (listed.length > 0 ? listed : from.shape.map((_, i) => i)).map((axis) =>
      normaliseAxis(axis, rank),
    );
    const kept = from.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    const shape =
      numberAttribute(operator, 'keepdims', 1) === 1 ? kept : kept.filter((_, i) => !axes.includes(i));
    const y = createOperand(preparing, from.kind, shape, from.known);
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
const largest = (x: Operand['values'], start: number, offsets: Int32Array): number => {
  let most = -Infinity;
  for (const offset of offsets) most = Math.max(most, x[start + offset]!);
  return most;
};

/** Along one axis, or from opset 12 back along all axes from it on (`flat`). */
function softmaxAxes(operator: OperatorSpec, from: Operand): number[] {
  const axis = normaliseAxis(numberAttribute(operator, 'axis', -1), from.shape.length);
  return numberAttribute(operator, 'flat', 0) === 1
    ? from.shape.flatMap((_, i) => (i >= axis ? [i] : []))
    : [axis];
}

const softmaxOperator =
  (finish: (value: number, most: number, sum: number) => number): OperatorImplementation =>
  (operator, [x], preparing) => {
    const from = required(x);
    const y = createOperand(preparing, from.kind, from.shape, from.known);
    const lines = lazy(() => computeLines(from, softmaxAxes(operator, from)));
    return {
      outputs: [y],
      run: () => {
        const { starts, offsets } = lines();
        for (const start of starts) {
          const most = largest(from.values, start, offsets);
          const sum = mappedSum(from.values, start, offsets, (value) => Math.exp(value - most));
          for (const offset of offsets)
            y.values[start + offset] = finish(from.values[start + offset]!, most, sum);
        }
      },
    };
  };

const argOperator =
  (better: (value: number, than: number) => boolean): OperatorImplementation =>
  (operator, [x], preparing) => {
    const from = required(x);
    const axis = normaliseAxis(numberAttribute(operator, 'axis', 0), from.shape.length);
    const last = numberAttribute(operator, 'select_last_index', 0) === 1;
    const keep = numberAttribute(operator, 'keepdims', 1) === 1;
    const shape = keep ? from.shape.with(axis, 1) : from.shape.toSpliced(axis, 1);
    const y = createOperand(preparing, 'int', shape, from.known);
    const lines = lazy(() => computeLines(from, [axis]));
    return {
      outputs: [y],
      run: () => {
        const { starts, offsets } = lines();
        starts.forEach((start, i) => {
          let best = 0;
          offsets.forEach((offset, k) => {
            const [value, than] = [from.values[start + offset]!, from.values[start + offsets[best]!]!];
            if (better(value, than) || (last && value === than)) best = k;
          });
          y.values[i] = best;
        });
      },
    };
  };

const cumSum: OperatorImplementation = (operator, [x, on], preparing) => {
  const from = required(x);
  const axis = normaliseAxis(constantValues(on, 'the axis')[0]!, from.shape.length);
  const [exclusive, reverse] = [
    numberAttribute(operator, 'exclusive', 0) === 1,
    numberAttribute(operator, 'reverse', 0) === 1,
  ];
  const y = createOperand(preparing, from.kind, from.shape, from.known);
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

/** y = (x − mean) / √(variance + ε) · scale + shift along some axes; scale and shift fit x as `over` says. */
function normalise(
  operator: OperatorSpec,
  [x, scale, shift]: readonly (Operand | undefined)[],
  preparing: Parameters<OperatorImplementation>[2],
  how: { readonly axes: readonly number[]; readonly over: (parameter: Operand) => Int32Array },
): ReturnType<OperatorImplementation> {
  const from = required(x);
  const epsilon = numberAttribute(operator, 'epsilon', 1e-5);
  const y = createOperand(
    preparing,
    'float',
    from.shape,
    from.known && (scale?.known ?? true) && (shift?.known ?? true),
  );
  const lines = lazy(() => computeLines(from, how.axes));
  const [ofScale, ofShift] = [scale, shift].map((one) => one && how.over(one));
  // both may be read too, one number a line
  const each = from.shape.map((size, i) => (how.axes.includes(i) ? 1 : size));
  const [means, factors] = [
    createOperand(preparing, 'float', each, y.known),
    createOperand(preparing, 'float', each, y.known),
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
            value * (ofScale ? scale!.values[ofScale[i]!]! : 1) + (ofShift ? shift!.values[ofShift[i]!]! : 0);
        }
      }
    },
  };
}

/** A parameter a channel, which is axis 1. */
const channelIndexes =
  (from: Operand) =>
  (parameter: Operand): Int32Array => {
    if (parameter.values.length !== from.shape[1])
      invalidOperator(`${parameter.values.length} parameters for ${from.shape[1]} channels`);
    return stridedIndexes(
      from.shape,
      from.shape.map((_, i) => (i === 1 ? 1 : 0)),
    );
  };

const layerNormalization: OperatorImplementation = (operator, inputs, preparing) => {
  const from = required(inputs[0]);
  const axis = normaliseAxis(numberAttribute(operator, 'axis', -1), from.shape.length);
  const axes = from.shape.flatMap((_, i) => (i >= axis ? [i] : []));
  return normalise(operator, inputs, preparing, {
    axes,
    over: (parameter) => stridedIndexes(from.shape, broadcastStrides(parameter.shape, from.shape)),
  });
};

const instanceNormalization: OperatorImplementation = (operator, inputs, preparing) => {
  const from = required(inputs[0]);
  return normalise(operator, inputs, preparing, {
    axes: from.shape.flatMap((_, i) => (i >= 2 ? [i] : [])),
    over: channelIndexes(from),
  });
};

/** y = (x − mean) / √(variance + ε) · scale + shift, mean and variance of the training; a channel is axis 1. */
const batchNormalization: OperatorImplementation = (operator, inputs, preparing) => {
  const [x, scale, shift, mean, variance] = inputs.slice(0, 5).map(required);
  const epsilon = numberAttribute(operator, 'epsilon', 1e-5);
  const channel = channelIndexes(x!)(scale!);
  const y = createOperand(
    preparing,
    'float',
    x!.shape,
    inputs.every((one) => one?.known),
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
  ReduceMax: reduceOperator(largest),
  ReduceMin: reduceOperator((x, start, offsets) => {
    let least = Infinity;
    for (const offset of offsets) least = Math.min(least, x[start + offset]!);
    return least;
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
    const most = largest(x, start, offsets);
    return most + Math.log(mappedSum(x, start, offsets, (value) => Math.exp(value - most)));
  }),
  Softmax: softmaxOperator((value, most, sum) => Math.exp(value - most) / sum),
  LogSoftmax: softmaxOperator((value, most, sum) => value - most - Math.log(sum)),
  ArgMax: argOperator((value, than) => value > than),
  ArgMin: argOperator((value, than) => value < than),
  CumSum: cumSum,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  BatchNormalization: batchNormalization,
};
