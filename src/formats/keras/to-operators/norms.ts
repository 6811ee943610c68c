import type { Tensor } from '../../../network/weights.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { readNumber } from '../cell-activations.ts';
import { requireWeights } from '../weight-layout.ts';
import { requireField } from '../require-field.ts';
import { resolveAxis, withValue, formatShape, type GraphBuilder, type GraphTensor } from './graph-builder.ts';
import { requireShape } from './windows.ts';
import type { KerasLayer } from '../keras-layer.ts';

// Normalization over any axes, with weights along those axes: gamma, beta, and for a batch norm the moments
// of training.

/** (x − mean) · γ / √(variance + ε) + β, with the moments of training: x · scale + shift. */
export function batchNormalization(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const axis = resolveAxis(x, config['axis'] ?? -1);
  const { gamma, beta, rest } = splitWeights(layer, 2);
  const [mean, variance] = rest as [Tensor, Tensor];
  const epsilon = readNumber(config, ['epsilon'], 1e-3, 'BatchNormalization');
  for (const tensor of [mean, variance, gamma, beta])
    if (tensor) requireShape(tensor, [x.shape[axis] ?? NaN]);
  const scale = variance.values.map((one, k) => (gamma?.values[k] ?? 1) / Math.sqrt(one + epsilon));
  const shift = mean.values.map((one, k) => (beta?.values[k] ?? 0) - one * scale[k]!);
  const toConstant = (values: Float32Array): string =>
    graph.constant({ shape: keepSizes(x, [axis]), values });
  graph.addNote('its moments are folded into a scale and a shift');
  return withValue(x, graph.add('Add', [graph.add('Mul', [x.value, toConstant(scale)]), toConstant(shift)]));
}

/** (x − mean) / √(variance + ε) · γ + β, with the moments of the input. */
export function layerNormalization(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  requireField(config, 'rms_scaling', [false]);
  const configured = config['axis'] ?? -1;
  const axes = (Array.isArray(configured) ? configured : [configured]).map((axis: unknown) =>
    resolveAxis(x, axis),
  );
  if (axes.length === 0 || axes.some((axis, i) => i > 0 && axis <= axes[i - 1]!))
    invalidModel(`axis ${quote(configured)}, must be in increasing order`);
  const { gamma, beta } = splitWeights(layer, 0);
  const sizes = axes.map((axis) => x.shape[axis] ?? NaN);
  const toConstant = (tensor: Tensor): string => {
    requireShape(tensor, sizes);
    return graph.constant({ shape: keepSizes(x, axes), values: tensor.values });
  };
  const epsilon = readNumber(config, ['epsilon'], 1e-3, 'LayerNormalization');
  if (axes.length === 1 && axes[0] === x.shape.length - 1) {
    const scale = graph.constant(gamma ?? { shape: sizes, values: new Float32Array(sizes[0]!).fill(1) });
    for (const tensor of [gamma, beta]) if (tensor) requireShape(tensor, sizes);
    const read = [x.value, scale, ...(beta ? [graph.constant(beta)] : [])];
    return withValue(x, graph.add('LayerNormalization', read, { axis: -1, epsilon }));
  }
  const mean = (value: string): string =>
    graph.add('ReduceMean', [value], { axes: axes.map((axis) => axis + 1), keepdims: 1 });
  const centred = graph.add('Sub', [x.value, mean(x.value)]);
  const variance = mean(graph.add('Mul', [centred, centred]));
  const deviation = graph.add('Sqrt', [graph.add('Add', [variance, graph.number(epsilon)])]);
  const normalized = graph.add('Div', [centred, deviation]);
  const scaled = gamma ? graph.add('Mul', [normalized, toConstant(gamma)]) : normalized;
  return withValue(x, beta ? graph.add('Add', [scaled, toConstant(beta)]) : scaled);
}

/** Splits a layer's weights into the optional gamma and beta, and the rest. */
function splitWeights(
  layer: KerasLayer,
  more: number,
): { gamma?: Tensor; beta?: Tensor; rest: readonly Tensor[] } {
  const { config } = layer;
  const [scaled, centred] = [config['scale'] !== false, config['center'] !== false];
  const rest = [...requireWeights(layer, more + Number(scaled) + Number(centred))];
  const gamma = scaled ? rest.shift() : undefined;
  const beta = centred ? rest.shift() : undefined;
  return { ...(gamma && { gamma }), ...(beta && { beta }), rest };
}

/** Returns the sizes of some axes, and 1 for all others and the batch. */
function keepSizes(x: GraphTensor, axes: readonly number[]): number[] {
  const sizes = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
  return [1, ...sizes.map((size) => size ?? invalidModel(`weights along ${formatShape(x.shape)}`))];
}
