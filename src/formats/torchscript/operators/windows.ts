import { invalidModel } from '../../format-errors.ts';
import { emitExpansion } from '../../onnx/emit-function.ts';
import { transposedConvolution } from '../../onnx/transposed-convolution.ts';
import type { Call, OperatorTable } from '../call.ts';
import { knownSize, unify, unknownSize, type Dimension } from '../dimensions.ts';
import { createTensor, getNode, requireKind, getShape } from '../tensor-values.ts';
import { none, tuple, type Value } from '../values.ts';

// Convolutions and pools over one or two axes. x [batch, channels, …spatial]

interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}

/** One number for every axis, or one for all. */
function perAxis(values: readonly number[], axes: number, what: string): number[] {
  if (values.length !== axes && values.length !== 1)
    invalidModel(`${what}: ${values.length} numbers for ${axes} axes`);
  return Array.from({ length: axes }, (_, i) => values[values.length === 1 ? 0 : i]!);
}

const outputSize = (
  size: Dimension,
  { kernel, stride, padding, dilation }: Window,
  axis: number,
): Dimension => {
  const known = knownSize(size);
  const reach = dilation[axis]! * (kernel[axis]! - 1) + 1;
  if (stride[axis] === 1 && reach - 1 === 2 * padding[axis]!) return size;
  return known === null
    ? unknownSize([size])
    : Math.floor((known + 2 * padding[axis]! - reach) / stride[axis]!) + 1;
};

const attributes = ({ kernel, stride, padding, dilation }: Window): Record<string, number[]> => ({
  kernel_shape: [...kernel],
  strides: [...stride],
  pads: [...padding, ...padding],
  dilations: [...dilation],
});

/** Requires a batch of channels over so many axes. */
function requireAxes(sizes: readonly unknown[], axes: number): void {
  if (sizes.length !== axes + 2)
    invalidModel(`an input of ${sizes.length} dimensions, must have ${axes + 2}`);
}

function transposedSize(
  size: Dimension,
  { kernel, stride, padding, dilation }: Window,
  extra: readonly number[],
  axis: number,
): Dimension {
  const more = dilation[axis]! * (kernel[axis]! - 1) + 1 - 2 * padding[axis]! + extra[axis]! - stride[axis]!;
  if (stride[axis] === 1 && more === 0) return size;
  const known = knownSize(size);
  return known === null ? unknownSize([size]) : known * stride[axis]! + more;
}

/** weight [out, in / groups, …kernel], of a transposed one [in, out / groups, …kernel]  bias [out] */
const convolution =
  (rank: number | null, transposes = false) =>
  ({ graph, ...call }: Call): Value => {
    const [x, weight, bias] = [call.tensor('input'), call.tensor('weight'), call.optionalTensor('bias')];
    for (const one of [x, weight]) requireKind(one, 'float');
    const [sizes, matrix] = [getShape(x), getShape(weight)];
    const axes = rank ?? matrix.length - 2;
    requireAxes(sizes, axes);
    const isTransposed = transposes || (call.has('transposed') && call.flag('transposed'));
    const groups = call.int('groups', 1);
    const kernel = matrix
      .slice(2)
      .map((size) => knownSize(size) ?? invalidModel('the size of the kernel must be known'));
    const own = knownSize(matrix[1]) ?? invalidModel('the size of the weight must be known');
    unify(sizes[1]!, isTransposed ? matrix[0]! : own * groups, 'the channels of the input and of the weight');
    const dilation = perAxis(call.ints('dilation', [1]), axes, 'dilation');
    const stride = perAxis(call.ints('stride', [1]), axes, 'stride');
    const padding = readPadding(call, { kernel, dilation, stride });
    const window: Window = { kernel, dilation, stride, padding };
    const inputs = [getNode(x), getNode(weight), ...(bias ? [getNode(bias)] : [])];
    if (isTransposed) {
      const extra = perAxis(call.ints('output_padding', [0]), axes, 'output_padding');
      const node = emitExpansion(
        transposedConvolution,
        inputs,
        { ...attributes(window), output_padding: extra, group: groups },
        graph,
        (values) => graph.ints(values),
      );
      const positions = sizes.slice(2).map((size, i) => transposedSize(size, window, extra, i));
      return createTensor(node, 'float', [sizes[0]!, own * groups, ...positions]);
    }
    const node = graph.add('Conv', inputs, { ...attributes(window), group: groups });
    return createTensor(node, 'float', [
      sizes[0]!,
      matrix[0]!,
      ...sizes.slice(2).map((size, i) => outputSize(size, window, i)),
    ]);
  };

/** Numbers, "valid", or "same" where both sides are padded alike. */
function readPadding(
  call: Omit<Call, 'graph'>,
  { kernel, dilation, stride }: Omit<Window, 'padding'>,
): number[] {
  if (!call.has('padding')) return kernel.map(() => 0);
  if (call.value('padding').kind !== 'string') return perAxis(call.ints('padding'), kernel.length, 'padding');
  if (call.text('padding') === 'valid') return kernel.map(() => 0);
  const pads = kernel.map((size, i) => (dilation[i]! * (size - 1)) / 2);
  if (!pads.every(Number.isInteger) || stride.some((step) => step !== 1))
    invalidModel('padding "same" with an even kernel is not supported');
  return pads;
}

const pool =
  (operator: 'MaxPool' | 'AveragePool', axes: number) =>
  ({ graph, ...call }: Call): Value => {
    const x = call.tensor('self');
    requireKind(x, 'float');
    const sizes = getShape(x);
    requireAxes(sizes, axes);
    const kernel = perAxis(call.ints('kernel_size'), axes, 'kernel_size');
    const strides = call.has('stride') ? call.ints('stride') : [];
    const roundsUp = call.flag('ceil_mode', false);
    // PyTorch counts the padding of a window that reaches past it in another way than ONNX
    if (roundsUp && operator === 'AveragePool') invalidModel('ceil_mode of a mean is not supported');
    if (call.has('divisor_override')) invalidModel('divisor_override is not supported');
    const window: Window = {
      kernel,
      stride: strides.length === 0 ? kernel : perAxis(strides, axes, 'stride'),
      padding: perAxis(call.ints('padding', [0]), axes, 'padding'),
      dilation: perAxis(call.ints('dilation', [1]), axes, 'dilation'),
    };
    const counts =
      operator === 'AveragePool' ? { count_include_pad: call.flag('count_include_pad', true) ? 1 : 0 } : {};
    const node = graph.add(operator, [getNode(x)], {
      ...attributes(window),
      ...counts,
      ...(roundsUp && { ceil_mode: 1 }),
    });
    return createTensor(node, 'float', [
      ...sizes.slice(0, 2),
      ...sizes.slice(2).map((size, i) => (roundsUp ? unknownSize([size]) : outputSize(size, window, i))),
    ]);
  };

/** Pools to one position, or to a size that divides the axis. */
const adaptivePool =
  (operator: 'MaxPool' | 'AveragePool', axes: number) =>
  ({ graph, ...call }: Call): Value => {
    const x = call.tensor('self');
    requireKind(x, 'float');
    const sizes = getShape(x);
    requireAxes(sizes, axes);
    const output = perAxis(call.ints('output_size'), axes, 'output_size');
    if (output.every((size) => size === 1)) {
      const node = graph.add(
        operator === 'MaxPool' ? 'ReduceMax' : 'ReduceMean',
        [getNode(x), graph.ints(output.map((_, i) => i + 2))],
        { keepdims: 1 },
      );
      return createTensor(node, 'float', [...sizes.slice(0, 2), ...output]);
    }
    const kernel = output.map((size, i) => {
      const known = knownSize(sizes[i + 2]);
      return known !== null && known % size === 0
        ? known / size
        : invalidModel(
            'an adaptive pool to more than 1 is supported only of an axis that it divides, and whose size is known',
          );
    });
    const window = { kernel, stride: kernel, padding: kernel.map(() => 0), dilation: kernel.map(() => 1) };
    return createTensor(graph.add(operator, [getNode(x)], attributes(window)), 'float', [
      ...sizes.slice(0, 2),
      ...output,
    ]);
  };

const conv = 'input weight bias stride padding dilation groups';
const transposedConv = 'input weight bias stride padding output_padding groups dilation';
const maxPool = 'self kernel_size stride padding dilation ceil_mode';
const averagePool = 'self kernel_size stride padding ceil_mode count_include_pad divisor_override';

export const windowOperators: OperatorTable = {
  _convolution_mode: [conv, convolution(null)],
  conv1d: [conv, convolution(1)],
  conv2d: [conv, convolution(2)],
  conv_transpose1d: [transposedConv, convolution(1, true)],
  conv_transpose2d: [transposedConv, convolution(2, true)],
  convolution: [
    'input weight bias stride padding dilation transposed output_padding groups',
    convolution(null),
  ],
  _convolution: [
    'input weight bias stride padding dilation transposed output_padding groups benchmark deterministic cudnn_enabled allow_tf32',
    convolution(null),
  ],
  max_pool1d: [maxPool, pool('MaxPool', 1)],
  max_pool2d: [maxPool, pool('MaxPool', 2)],
  avg_pool1d: [averagePool, pool('AveragePool', 1)],
  avg_pool2d: [averagePool, pool('AveragePool', 2)],
  adaptive_max_pool1d: ['self output_size', (call) => tuple(adaptivePool('MaxPool', 1)(call), none)],
  adaptive_max_pool2d: ['self output_size', (call) => tuple(adaptivePool('MaxPool', 2)(call), none)],
  adaptive_avg_pool1d: ['self output_size', adaptivePool('AveragePool', 1)],
  adaptive_avg_pool2d: ['self output_size', adaptivePool('AveragePool', 2)],
};
