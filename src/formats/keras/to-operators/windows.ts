import type { Tensor } from '../../../network/weights.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { emitExpansion } from '../../onnx/emit-function.ts';
import { transposedConvolution } from '../../onnx/transposed-convolution.ts';
import { requireWeights, toUnitsFirst } from '../weight-layout.ts';
import type { Config } from '../keras-config.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { requireField } from '../require-field.ts';
import { applyActivation } from './activations.ts';
import { formatShape, requireSequence, type GraphBuilder, type GraphTensor } from './graph-builder.ts';

// Layers with a sliding window over one axis, the steps, or over the two of an image. ONNX has channels first:
// [batch, width, …sizes].

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: 'valid' | 'same' | 'causal';
}

/** Emits a Conv1D or Conv2D. kernel [...window, in / groups, filters], bias [filters] */
export function convolution(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, bias] = requireWeights(layer, hasBias(config) ? 2 : 1);
  const { rank, width } = requireChannels(layer, x);
  const window = parseWindow(config, readSizes(config, 'kernel_size', rank, null));
  const groups = readSizes(config, 'groups', 1, 1)[0]!;
  requireShape(kernel!, [...window.kernel, width / groups, Number(config['filters'])]);
  const y = emitConvolution(x, toUnitsFirst(kernel!), bias, window, groups, graph);
  return applyActivation(config['activation'], y, graph);
}

/** kernel [...window, in, multiplier], bias [in · multiplier]: each column separately */
export function depthwiseConvolution(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, bias] = requireWeights(layer, hasBias(config) ? 2 : 1);
  const y = emitDepthwise(layer, kernel!, bias, x, graph);
  return applyActivation(config['activation'], y, graph);
}

/**
 * kernel [...window, in, multiplier] over each column, then [1 …, in · multiplier, filters] over all of them, bias
 * [filters]
 */
export function separableConvolution(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, point, bias] = requireWeights(layer, hasBias(config) ? 3 : 2);
  const between = emitDepthwise(layer, kernel!, undefined, x, graph);
  const { rank, width } = requireChannels(layer, between);
  const ones = Array<number>(rank).fill(1);
  requireShape(point!, [...ones, width, Number(config['filters'])]);
  const one: Window = { kernel: ones, strides: ones, dilations: ones, padding: 'valid' };
  const y = emitConvolution(between, toUnitsFirst(point!), bias, one, 1, graph);
  return applyActivation(config['activation'], y, graph);
}

/** Emits a Conv1DTranspose or Conv2DTranspose. kernel [...window, filters, in], bias [filters] */
export function convolutionTranspose(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  requireField(config, 'output_padding', [null]);
  const [kernel, bias] = requireWeights(layer, hasBias(config) ? 2 : 1);
  const { rank, width } = requireChannels(layer, x);
  const { padding, ...window } = parseWindow(config, readSizes(config, 'kernel_size', rank, null));
  if (padding === 'causal') invalidModel('padding "causal" is not supported');
  const filters = Number(config['filters']);
  requireShape(kernel!, [...window.kernel, filters, width]);
  if (bias) requireShape(bias, [filters]);
  // a position adds a window to the output: "same" cuts what is beyond a stride for each, "valid" nothing
  const beyond = window.kernel.map((size, i) => getReach(window, i, size) - window.strides[i]!);
  const cut = beyond.map((most) => (padding === 'same' ? Math.max(0, most) : 0));
  const before = cut.map((most) => Math.floor(most / 2));
  const attributes = {
    kernel_shape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
    pads: [...before, ...cut.map((most, i) => most - before[i]!)],
    output_padding: beyond.map((most) => Math.max(0, -most)),
  };
  const constants = [toUnitsFirst(kernel!), ...(bias ? [bias] : [])].map((one) => graph.constant(one));
  const sizes = window.strides.map((stride, i) => {
    const size = x.shape[i]!;
    return size === null ? null : size * stride + Math.max(0, beyond[i]!) - cut[i]!;
  });
  const y = emitChannelsFirst(x, graph, [...sizes, filters], (transposed) =>
    emitExpansion(transposedConvolution, [transposed, ...constants], attributes, graph, (values) =>
      graph.numbers(values),
    ),
  );
  return applyActivation(config['activation'], y, graph);
}

export function pooling(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { className, config } = layer;
  const { rank, width } = requireChannels(layer, x);
  const kernel = readSizes(config, 'pool_size', rank, 2);
  const window = parseWindow({ ...config, strides: config['strides'] ?? kernel, dilation_rate: 1 }, kernel);
  if (window.padding === 'causal') invalidModel('padding "causal" is not supported');
  const operator = className.startsWith('Max') ? 'MaxPool' : 'AveragePool';
  return emitChannelsFirst(x, graph, [...countPositions(window, x), width], (transposed) =>
    graph.add(operator, [transposed], { kernel_shape: [...kernel], ...toAttributes(window) }),
  );
}

/** The number of axes that a window moves along, by the layer's name, and the width of its input. */
function requireChannels({ className }: KerasLayer, x: GraphTensor): { rank: number; width: number } {
  const rank = className.includes('2D') ? 2 : 1;
  const width = x.shape.at(-1) ?? null;
  if (rank === 1) return { rank, ...requireSequence(x) };
  return x.shape.length === rank + 1 && width !== null
    ? { rank, width }
    : invalidModel(`needs images, its input is ${formatShape(x.shape)}`);
}

function emitDepthwise(
  layer: KerasLayer,
  kernel: Tensor,
  bias: Tensor | undefined,
  x: GraphTensor,
  graph: GraphBuilder,
): GraphTensor {
  const { config } = layer;
  const { rank, width } = requireChannels(layer, x);
  const window = parseWindow(config, readSizes(config, 'kernel_size', rank, null));
  const multiplier = readSizes(config, 'depth_multiplier', 1, 1)[0]!;
  requireShape(kernel, [...window.kernel, width, multiplier]);
  const units = width * multiplier;
  // [...window, 1, in · multiplier] → [in · multiplier, 1, ...window]
  const { shape, values } = toUnitsFirst({ shape: [...window.kernel, 1, units], values: kernel.values });
  return emitConvolution(x, { shape, values }, bias, window, width, graph);
}

/** weight [units, in / groups, ...window] */
function emitConvolution(
  x: GraphTensor,
  weight: Tensor,
  bias: Tensor | undefined,
  window: Window,
  group: number,
  graph: GraphBuilder,
): GraphTensor {
  const [units = 0] = weight.shape;
  if (bias) requireShape(bias, [units]);
  const read = [graph.constant(weight), ...(bias ? [graph.constant(bias)] : [])];
  return emitChannelsFirst(x, graph, [...countPositions(window, x), units], (transposed) =>
    graph.add('Conv', [transposed, ...read], { ...toAttributes(window), ...(group > 1 && { group }) }),
  );
}

function emitChannelsFirst(
  x: GraphTensor,
  graph: GraphBuilder,
  shape: GraphTensor['shape'],
  run: (transposed: string) => string,
): GraphTensor {
  const axes = shape.slice(1).map((_, i) => i + 1);
  const transposed = graph.add('Transpose', [x.value], { perm: [0, axes.length + 1, ...axes] });
  const value = graph.add('Transpose', [run(transposed)], { perm: [0, ...axes.map((axis) => axis + 1), 1] });
  return { value, shape };
}

function parseWindow(config: Config, kernel: readonly number[]): Window {
  requireField(config, 'data_format', ['channels_last']);
  const padding = config['padding'] ?? 'valid';
  if (padding !== 'valid' && padding !== 'same' && padding !== 'causal')
    return invalidModel(`padding ${quote(padding)}, must be "valid", "same" or "causal"`);
  if (padding === 'causal' && kernel.length > 1) invalidModel('padding "causal" of an image');
  const [strides, dilations] = [
    readSizes(config, 'strides', kernel.length, 1),
    readSizes(config, 'dilation_rate', kernel.length, 1),
  ];
  for (const [field, sizes] of Object.entries({ window: kernel, strides, dilation_rate: dilations }))
    for (const size of sizes)
      if (!(size >= 1 && size <= 65_536)) invalidModel(`${field} ${size}, must be 1 to 65536`);
  return { kernel, strides, dilations, padding };
}

function toAttributes({ kernel, strides, dilations, padding }: Window): Record<string, number[] | string> {
  return {
    strides: [...strides],
    dilations: [...dilations],
    ...(padding === 'same' && { auto_pad: 'SAME_UPPER' }),
    ...(padding === 'causal' && { pads: [(kernel[0]! - 1) * dilations[0]!, 0] }),
  };
}

/** The sizes of the axes that a window moves along, after it. */
const countPositions = (window: Window, { shape }: GraphTensor): (number | null)[] =>
  window.kernel.map((length, axis) => {
    const size = shape[axis]!;
    if (size === null) return null;
    const reach = getReach(window, axis, length);
    const isValid = window.padding === 'valid';
    if (isValid && reach > size)
      invalidModel(`a window of ${reach} steps is longer than the sequence of ${size}`);
    return Math.ceil((isValid ? size - reach + 1 : size) / window.strides[axis]!);
  });

/** The steps from the first to the last that a window reads. */
const getReach = ({ dilations }: Pick<Window, 'dilations'>, axis: number, length: number): number =>
  (length - 1) * dilations[axis]! + 1;

/** Reads one size per axis; one number is that of all axes. @throws UnrollError invalid_model */
export function readSizes(config: Config, field: string, count: number, fallback: number | null): number[] {
  const given = config[field] ?? fallback;
  const list: unknown[] = Array.isArray(given) ? given : Array<unknown>(count).fill(given);
  if (list.length !== count || !list.every((size) => Number.isSafeInteger(size)))
    invalidModel(
      `${field} ${quote(config[field])}, must be ${count === 1 ? 'one whole number' : `${count} whole numbers`}`,
    );
  return list as number[];
}

const hasBias = (config: Config): boolean => config['use_bias'] !== false;

/** @throws UnrollError invalid_model when a tensor has another shape */
export function requireShape({ shape }: Tensor, expected: readonly number[]): void {
  if (shape.join() !== expected.join())
    invalidModel(`weights of [${shape.join(', ')}], must be [${expected.join(', ')}]`);
}
