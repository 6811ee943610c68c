import type { Tensor } from '../../../network/weights.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { readNumber } from '../cell-activations.ts';
import { requireWeights } from '../converted.ts';
import { requireField } from '../supported-fields.ts';
import { resolveAxis, withValue, formatShape, type GraphBuilder, type GraphTensor } from './graph-builder.ts';
import { requireShape } from './windows.ts';
import type { KerasLayer } from '../keras-layer.ts';

// Norms over any axes. Their weights lie along those: gamma and beta, of a batch norm the moments of the training after them.

/** (x − mean) · γ / √(variance + ε) + β, with the moments of the training: x · scale + shift. */
export function batchNormalization(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const axis = resolveAxis(x, config['axis'] ?? -1);
  const { gamma, beta, rest } = parts(layer, 2);
  const [mean, variance] = rest as [Tensor, Tensor];
  const epsilon = readNumber(config, ['epsilon'], 1e-3, 'BatchNormalization');
  for (const tensor of [mean, variance, gamma, beta])
    if (tensor) requireShape(tensor, [x.shape[axis] ?? NaN]);
  const scale = variance.values.map((one, k) => (gamma?.values[k] ?? 1) / Math.sqrt(one + epsilon));
  const shift = mean.values.map((one, k) => (beta?.values[k] ?? 0) - one * scale[k]!);
  const along = (values: Float32Array): string => graph.constant({ shape: shapeAlong(x, [axis]), values });
  graph.addNote('its moments are folded into a scale and a shift');
  return withValue(x, graph.add('Add', [graph.add('Mul', [x.value, along(scale)]), along(shift)]));
}

/** (x − mean) / √(variance + ε) · γ + β, with the moments of what it reads. */
export function layerNormalization(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  requireField(config, 'rms_scaling', [false]);
  const said = config['axis'] ?? -1;
  const axes = (Array.isArray(said) ? said : [said]).map((axis: unknown) => resolveAxis(x, axis));
  if (axes.length === 0 || axes.some((axis, i) => i > 0 && axis <= axes[i - 1]!))
    invalidModel(`axis ${quote(said)}: must be in order`);
  const { gamma, beta } = parts(layer, 0);
  const sizes = axes.map((axis) => x.shape[axis] ?? NaN);
  const along = (tensor: Tensor): string => {
    requireShape(tensor, sizes);
    return graph.constant({ shape: shapeAlong(x, axes), values: tensor.values });
  };
  const epsilon = readNumber(config, ['epsilon'], 1e-3, 'LayerNormalization');
  const mean = (value: string): string =>
    graph.add('ReduceMean', [value], { axes: axes.map((axis) => axis + 1), keepdims: 1 });
  const centred = graph.add('Sub', [x.value, mean(x.value)]);
  const variance = mean(graph.add('Mul', [centred, centred]));
  const deviation = graph.add('Sqrt', [graph.add('Add', [variance, graph.number(epsilon)])]);
  const normed = graph.add('Div', [centred, deviation]);
  const scaled = gamma ? graph.add('Mul', [normed, along(gamma)]) : normed;
  return withValue(x, beta ? graph.add('Add', [scaled, along(beta)]) : scaled);
}

/** Weights, of which a layer may have no gamma and no beta. */
function parts(layer: KerasLayer, more: number): { gamma?: Tensor; beta?: Tensor; rest: readonly Tensor[] } {
  const { config } = layer;
  const [scaled, centred] = [config['scale'] !== false, config['center'] !== false];
  const rest = [...requireWeights(layer, more + Number(scaled) + Number(centred))];
  const gamma = scaled ? rest.shift() : undefined;
  const beta = centred ? rest.shift() : undefined;
  return { ...(gamma && { gamma }), ...(beta && { beta }), rest };
}

/** Sizes of some axes, and 1 for all others, the batch too. */
function shapeAlong(x: GraphTensor, axes: readonly number[]): number[] {
  const sizes = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
  return [1, ...sizes.map((size) => size ?? invalidModel(`weights along ${formatShape(x.shape)}`))];
}
