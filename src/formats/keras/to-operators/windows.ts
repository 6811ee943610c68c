import type { Tensor } from '../../../network/weights.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { readSingleSize, toUnitsFirst } from '../conv1d.ts';
import { requireWeights } from '../converted.ts';
import type { Config } from '../keras-config.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { requireField } from '../supported-fields.ts';
import { applyActivation } from './activations.ts';
import { requireSequence, type GraphBuilder, type GraphTensor } from './graph-builder.ts';

// Layers that move a window over the steps. ONNX has the channels first: [1, width, steps].

interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: 'valid' | 'same' | 'causal';
}

/** kernel [kernel, in / groups, filters], bias [filters] */
export function conv1d(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, bias] = requireWeights(layer, biased(config) ? 2 : 1);
  const window = windowOf(config, readSingleSize(config, 'kernel_size'));
  const groups = readSingleSize(config, 'groups');
  const { width } = requireSequence(x);
  const filters = Number(config['filters']);
  requireShape(kernel!, [window.kernel, width / groups, filters]);
  const y = convolved(x, toUnitsFirst(kernel!), bias, window, groups, graph);
  return applyActivation(config['activation'], y, graph);
}

/** kernel [kernel, in, multiplier], bias [in · multiplier]: each column by itself */
export function depthwiseConv1d(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, bias] = requireWeights(layer, biased(config) ? 2 : 1);
  const y = depthwise(config, kernel!, bias, x, graph);
  return applyActivation(config['activation'], y, graph);
}

/** kernel [kernel, in, multiplier] over each column, then [1, in · multiplier, filters] over all of them, bias [filters] */
export function separableConv1d(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const [kernel, point, bias] = requireWeights(layer, biased(config) ? 3 : 2);
  const between = depthwise(config, kernel!, undefined, x, graph);
  const { width } = requireSequence(between);
  requireShape(point!, [1, width, Number(config['filters'])]);
  const one: Window = { kernel: 1, stride: 1, dilation: 1, padding: 'valid' };
  const y = convolved(between, toUnitsFirst(point!), bias, one, 1, graph);
  return applyActivation(config['activation'], y, graph);
}

export function pooling1d(
  { className, config }: KerasLayer,
  x: GraphTensor,
  graph: GraphBuilder,
): GraphTensor {
  const kernel = readSingleSize(config, 'pool_size', 2);
  const window = windowOf({ ...config, strides: config['strides'] ?? kernel, dilation_rate: 1 }, kernel);
  if (window.padding === 'causal') invalidModel('padding "causal"');
  const operator = className === 'MaxPooling1D' ? 'MaxPool' : 'AveragePool';
  return channelsFirst(x, graph, window, requireSequence(x).width, (turned) =>
    graph.add(operator, [turned], { kernel_shape: [kernel], ...attributesOf(window) }),
  );
}

function depthwise(
  config: Config,
  kernel: Tensor,
  bias: Tensor | undefined,
  x: GraphTensor,
  graph: GraphBuilder,
): GraphTensor {
  const { width } = requireSequence(x);
  const window = windowOf(config, readSingleSize(config, 'kernel_size'));
  const multiplier = readSingleSize(config, 'depth_multiplier');
  requireShape(kernel, [window.kernel, width, multiplier]);
  const { values } = kernel;
  // [kernel, in · multiplier] → [in · multiplier, 1, kernel]
  const units = width * multiplier;
  const turned = Float32Array.from(
    values,
    (_, i) => values[(i % window.kernel) * units + Math.floor(i / window.kernel)]!,
  );
  return convolved(x, { shape: [units, 1, window.kernel], values: turned }, bias, window, width, graph);
}

/** weight [units, in / groups, kernel] */
function convolved(
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
  return channelsFirst(x, graph, window, units, (turned) =>
    graph.add('Conv', [turned, ...read], { ...attributesOf(window), ...(group > 1 && { group }) }),
  );
}

function channelsFirst(
  x: GraphTensor,
  graph: GraphBuilder,
  window: Window,
  units: number,
  run: (turned: string) => string,
): GraphTensor {
  const perm = [0, 2, 1];
  const turned = graph.add('Transpose', [x.value], { perm });
  const value = graph.add('Transpose', [run(turned)], { perm });
  return { value, shape: [stepsAfter(window, requireSequence(x).steps), units] };
}

function windowOf(config: Config, kernel: number): Window {
  requireField(config, 'data_format', ['channels_last']);
  const padding = config['padding'] ?? 'valid';
  if (padding !== 'valid' && padding !== 'same' && padding !== 'causal')
    return invalidModel(`padding ${quote(padding)}, must be "valid", "same" or "causal"`);
  const [stride, dilation] = [readSingleSize(config, 'strides'), readSingleSize(config, 'dilation_rate')];
  for (const [field, size] of Object.entries({ window: kernel, strides: stride, dilation_rate: dilation }))
    if (!(size >= 1 && size <= 65_536)) invalidModel(`${field} of ${size}`);
  return { kernel, stride, dilation, padding };
}

function attributesOf({ kernel, stride, dilation, padding }: Window): Record<string, number[] | string> {
  return {
    strides: [stride],
    dilations: [dilation],
    ...(padding === 'same' && { auto_pad: 'SAME_UPPER' }),
    ...(padding === 'causal' && { pads: [(kernel - 1) * dilation, 0] }),
  };
}

function stepsAfter({ kernel, stride, dilation, padding }: Window, steps: number | null): number | null {
  if (steps === null) return null;
  const reach = (kernel - 1) * dilation + 1;
  if (padding === 'valid' && reach > steps) invalidModel(`a window of ${reach} steps over ${steps}`);
  return Math.ceil((padding === 'valid' ? steps - reach + 1 : steps) / stride);
}

const biased = (config: Config): boolean => config['use_bias'] !== false;

export function requireShape({ shape }: Tensor, wanted: readonly number[]): void {
  if (shape.join() !== wanted.join())
    invalidModel(`weights of [${shape.join(', ')}], must be [${wanted.join(', ')}]`);
}
