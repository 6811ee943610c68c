import type { Tensor } from '../../../network/weights.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { readSingleSize } from '../conv1d.ts';
import { requireWeights, toUnitsFirst } from '../converted.ts';
import type { Config } from '../keras-config.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { requireField } from '../supported-fields.ts';
import { applyActivation } from './activations.ts';
import { requireSequence, type GraphBuilder, type GraphTensor } from './graph-builder.ts';

// Layers with a sliding window over the steps. ONNX has channels first: [1, width, steps].

interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: 'valid' | 'same' | 'causal';
}

/** Emits a Conv1D. kernel [kernel, in / groups, filters], bias [filters] */
export function conv1d(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, bias] = requireWeights(layer, hasBias(config) ? 2 : 1);
  const window = parseWindow(config, readSingleSize(config, 'kernel_size'));
  const groups = readSingleSize(config, 'groups');
  const { width } = requireSequence(x);
  const filters = Number(config['filters']);
  requireShape(kernel!, [window.kernel, width / groups, filters]);
  const y = emitConvolution(x, toUnitsFirst(kernel!), bias, window, groups, graph);
  return applyActivation(config['activation'], y, graph);
}

/** kernel [kernel, in, multiplier], bias [in · multiplier]: each column separately */
export function depthwiseConv1d(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, bias] = requireWeights(layer, hasBias(config) ? 2 : 1);
  const y = emitDepthwise(config, kernel!, bias, x, graph);
  return applyActivation(config['activation'], y, graph);
}

/**
 * kernel [kernel, in, multiplier] over each column, then [1, in · multiplier, filters] over all of them, bias
 * [filters]
 */
export function separableConv1d(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, point, bias] = requireWeights(layer, hasBias(config) ? 3 : 2);
  const between = emitDepthwise(config, kernel!, undefined, x, graph);
  const { width } = requireSequence(between);
  requireShape(point!, [1, width, Number(config['filters'])]);
  const one: Window = { kernel: 1, stride: 1, dilation: 1, padding: 'valid' };
  const y = emitConvolution(between, toUnitsFirst(point!), bias, one, 1, graph);
  return applyActivation(config['activation'], y, graph);
}

export function pooling1d(
  { className, config }: KerasLayer,
  x: GraphTensor,
  graph: GraphBuilder,
): GraphTensor {
  const kernel = readSingleSize(config, 'pool_size', 2);
  const window = parseWindow({ ...config, strides: config['strides'] ?? kernel, dilation_rate: 1 }, kernel);
  if (window.padding === 'causal') invalidModel('padding "causal" is not supported');
  const operator = className === 'MaxPooling1D' ? 'MaxPool' : 'AveragePool';
  return emitChannelsFirst(x, graph, window, requireSequence(x).width, (transposed) =>
    graph.add(operator, [transposed], { kernel_shape: [kernel], ...toAttributes(window) }),
  );
}

function emitDepthwise(
  config: Config,
  kernel: Tensor,
  bias: Tensor | undefined,
  x: GraphTensor,
  graph: GraphBuilder,
): GraphTensor {
  const { width } = requireSequence(x);
  const window = parseWindow(config, readSingleSize(config, 'kernel_size'));
  const multiplier = readSingleSize(config, 'depth_multiplier');
  requireShape(kernel, [window.kernel, width, multiplier]);
  const { values } = kernel;
  // [kernel, in · multiplier] → [in · multiplier, 1, kernel]
  const units = width * multiplier;
  const transposed = Float32Array.from(
    values,
    (_, i) => values[(i % window.kernel) * units + Math.floor(i / window.kernel)]!,
  );
  return emitConvolution(
    x,
    { shape: [units, 1, window.kernel], values: transposed },
    bias,
    window,
    width,
    graph,
  );
}

/** weight [units, in / groups, kernel] */
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
  return emitChannelsFirst(x, graph, window, units, (transposed) =>
    graph.add('Conv', [transposed, ...read], { ...toAttributes(window), ...(group > 1 && { group }) }),
  );
}

function emitChannelsFirst(
  x: GraphTensor,
  graph: GraphBuilder,
  window: Window,
  units: number,
  run: (transposed: string) => string,
): GraphTensor {
  const perm = [0, 2, 1];
  const transposed = graph.add('Transpose', [x.value], { perm });
  const value = graph.add('Transpose', [run(transposed)], { perm });
  return { value, shape: [countOutputSteps(window, requireSequence(x).steps), units] };
}

function parseWindow(config: Config, kernel: number): Window {
  requireField(config, 'data_format', ['channels_last']);
  const padding = config['padding'] ?? 'valid';
  if (padding !== 'valid' && padding !== 'same' && padding !== 'causal')
    return invalidModel(`padding ${quote(padding)}, must be "valid", "same" or "causal"`);
  const [stride, dilation] = [readSingleSize(config, 'strides'), readSingleSize(config, 'dilation_rate')];
  for (const [field, size] of Object.entries({ window: kernel, strides: stride, dilation_rate: dilation }))
    if (!(size >= 1 && size <= 65_536)) invalidModel(`${field} ${size}, must be 1 to 65536`);
  return { kernel, stride, dilation, padding };
}

function toAttributes({ kernel, stride, dilation, padding }: Window): Record<string, number[] | string> {
  return {
    strides: [stride],
    dilations: [dilation],
    ...(padding === 'same' && { auto_pad: 'SAME_UPPER' }),
    ...(padding === 'causal' && { pads: [(kernel - 1) * dilation, 0] }),
  };
}

function countOutputSteps(
  { kernel, stride, dilation, padding }: Window,
  steps: number | null,
): number | null {
  if (steps === null) return null;
  const reach = (kernel - 1) * dilation + 1;
  if (padding === 'valid' && reach > steps)
    invalidModel(`a window of ${reach} steps is longer than the sequence of ${steps}`);
  return Math.ceil((padding === 'valid' ? steps - reach + 1 : steps) / stride);
}

const hasBias = (config: Config): boolean => config['use_bias'] !== false;

/** @throws UnrollError invalid_model when a tensor has another shape */
export function requireShape({ shape }: Tensor, expected: readonly number[]): void {
  if (shape.join() !== expected.join())
    invalidModel(`weights of [${shape.join(', ')}], must be [${expected.join(', ')}]`);
}
