import type { Tensor } from '../../../network/weights.ts';
import { invalidModel, quote } from '../../format-errors.ts';
import { readNumber } from '../cell-activations.ts';
import { requireWeights } from '../weight-layout.ts';
import { requireField } from '../require-field.ts';
import {
  emitReshape,
  resolveAxis,
  withValue,
  formatShape,
  type GraphBuilder,
  type GraphTensor,
} from './graph-builder.ts';
import { requireShape } from './windows.ts';
import type { KerasLayer } from '../keras-layer.ts';
import { isKeras3 } from '../version.ts';

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
  const normalized = emitStandardised(x.value, axes, epsilon, graph);
  const scaled = gamma ? graph.add('Mul', [normalized, toConstant(gamma)]) : normalized;
  return withValue(x, beta ? graph.add('Add', [scaled, toConstant(beta)]) : scaled);
}

/** (x − mean) / √(variance + ε), with the moments along some axes. */
function emitStandardised(x: string, axes: readonly number[], epsilon: number, graph: GraphBuilder): string {
  const mean = (value: string): string =>
    graph.add('ReduceMean', [value], { axes: axes.map((axis) => axis + 1), keepdims: 1 });
  const centred = graph.add('Sub', [x, mean(x)]);
  const variance = mean(graph.add('Mul', [centred, centred]));
  const deviation = graph.add('Sqrt', [graph.add('Add', [variance, graph.number(epsilon)])]);
  return graph.add('Div', [centred, deviation]);
}

/** (x − mean) / √(variance + ε) · γ + β, with the moments of each group of columns over all other axes. */
export function groupNormalization(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  const { config } = layer;
  const axis = resolveAxis(x, config['axis'] ?? -1);
  const size = x.shape[axis] ?? invalidModel(`groups along ${formatShape(x.shape)}`);
  const given = Number(config['groups'] ?? 32);
  const groups = given === -1 ? size : given;
  if (!(groups >= 1 && Number.isInteger(size / groups))) invalidModel(`${groups} groups of ${size} columns`);
  const grouped = emitReshape(x, x.shape.toSpliced(axis, 1, groups, size / groups), graph);
  const axes = grouped.shape.keys().filter((one) => one !== axis);
  const epsilon = readNumber(config, ['epsilon'], 1e-3, 'GroupNormalization');
  const normalized = emitStandardised(grouped.value, [...axes], epsilon, graph);
  const { gamma, beta } = splitWeights(layer, 0);
  const toConstant = (tensor: Tensor): string => {
    requireShape(tensor, [size]);
    return graph.constant({ shape: keepSizes(x, [axis]), values: tensor.values });
  };
  const whole = emitReshape({ ...grouped, value: normalized }, x.shape, graph).value;
  const scaled = gamma ? graph.add('Mul', [whole, toConstant(gamma)]) : whole;
  return withValue(x, beta ? graph.add('Add', [scaled, toConstant(beta)]) : scaled);
}

/** x · scale + offset: numbers, or one per column. */
export function rescaling({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  refuseMask(x);
  const [scale, offset] = ['scale', 'offset'].map((field) => perColumn(config[field], field, x, graph));
  return withValue(x, graph.add('Add', [graph.add('Mul', [x.value, scale!]), offset!]));
}

/** (x − mean) / √variance of every column, with moments of the config or that `adapt` has computed. */
export function normalization(layer: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  refuseMask(x);
  const { config, weights } = layer;
  requireField(config, 'invert', [false]);
  const axis: unknown = Array.isArray(config['axis']) ? config['axis'][0] : (config['axis'] ?? -1);
  if (asLength(config['axis']) > 1 || resolveAxis(x, axis) !== x.shape.length - 1)
    invalidModel(`axis ${quote(config['axis'])}, must be the last`);
  const [mean, variance] = ['mean', 'variance'].map((field, i) => {
    const given = config[field] ?? (weights[i] && Array.from(weights[i].values));
    return toNumbers(given, field);
  });
  const deviation = variance!.map((one) => Math.max(Math.sqrt(one), 1e-7));
  return withValue(
    x,
    graph.add('Div', [
      graph.add('Sub', [x.value, perColumn(mean, 'mean', x, graph)]),
      perColumn(deviation, 'variance', x, graph),
    ]),
  );
}

/** x / ‖x‖ of every row. */
export function unitNormalization({ config }: KerasLayer, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  refuseMask(x);
  const axis = resolveAxis(x, config['axis'] ?? -1) + 1;
  const norm = graph.add('ReduceL2', [x.value], { axes: [axis], keepdims: 1 });
  const least = graph.number(isKeras3(graph) ? 1e-12 : 1e-6);
  return withValue(x, graph.add('Div', [x.value, graph.add('Max', [norm, least])]));
}

function refuseMask({ mask }: GraphTensor): void {
  if (mask) invalidModel('its input has a mask, which is not supported');
}

const asLength = (value: unknown): number => (Array.isArray(value) ? value.length : 1);

const toNumbers = (value: unknown, field: string): number[] => {
  const list: unknown[] = [value].flat(4);
  return list.length > 0 && list.every((one) => typeof one === 'number')
    ? list
    : invalidModel(`${field} ${quote(value)}, must be numbers`);
};

/** A constant of one number, or of one for every column. */
function perColumn(value: unknown, field: string, x: GraphTensor, graph: GraphBuilder): string {
  const numbers = toNumbers(value, field);
  if (numbers.length === 1) return graph.number(numbers[0]!);
  if (numbers.length !== x.shape.at(-1))
    invalidModel(`${numbers.length} numbers of ${field} for ${formatShape(x.shape)}`);
  return graph.constant({ shape: [numbers.length], values: Float32Array.from(numbers) });
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
