import { invalidModel, quote } from '../../format-errors.ts';
import { hardSigmoid, readNumber } from '../cell-activations.ts';
import { asConfig, type Config } from '../keras-config.ts';
import { resolveAxis, withValue, type GraphBuilder, type GraphTensor } from './graph-builder.ts';

// Keras activations: functions by name, and layers with parameters.

type Activation = (x: string, graph: GraphBuilder) => string;
const plain =
  (operator: string, attributes?: Record<string, number | string>): Activation =>
  (x, graph) =>
    graph.add(operator, [x], attributes);

/** Functions with their default parameters; those of layers differ. */
const named: Readonly<Record<string, Activation>> = {
  linear: (x) => x,
  relu: plain('Relu'),
  tanh: plain('Tanh'),
  sigmoid: plain('Sigmoid'),
  softmax: plain('Softmax', { axis: -1 }),
  log_softmax: plain('LogSoftmax', { axis: -1 }),
  softplus: plain('Softplus'),
  softsign: plain('Softsign'),
  exponential: plain('Exp'),
  elu: plain('Elu', { alpha: 1 }),
  celu: plain('Celu', { alpha: 1 }),
  selu: plain('Selu'),
  gelu: plain('Gelu'),
  gelu_new: plain('Gelu', { approximate: 'tanh' }),
  leaky_relu: plain('LeakyRelu', { alpha: 0.2 }),
  relu6: (x, graph) => graph.add('Min', [graph.add('Relu', [x]), graph.number(6)]),
  swish: (x, graph) => graph.add('Mul', [x, graph.add('Sigmoid', [x])]),
  silu: (x, graph) => graph.add('Mul', [x, graph.add('Sigmoid', [x])]),
  hard_swish: plain('HardSwish'),
  hard_silu: plain('HardSwish'),
  mish: (x, graph) => graph.add('Mul', [x, graph.add('Tanh', [graph.add('Softplus', [x])])]),
  hard_sigmoid: (x, graph) => {
    const { alpha, beta } = hardSigmoid(graph.version);
    return graph.add('HardSigmoid', [x], { alpha, beta });
  },
};

/** Emits the activation of a config; a missing one is linear. @throws UnrollError invalid_model */
export function applyActivation(value: unknown, x: GraphTensor, graph: GraphBuilder): GraphTensor {
  if (value === undefined || value === null) return x;
  if (typeof value === 'string')
    return Object.hasOwn(named, value)
      ? withValue(x, named[value]!(x.value, graph))
      : invalidModel(`unsupported activation ${quote(value)}`);
  const { class_name: kind, config } = asConfig(value);
  if (kind === 'function' && typeof config === 'string') return applyActivation(config, x, graph);
  return isActivationLayer(String(kind))
    ? emitActivationLayer(String(kind), asConfig(config), x, graph)
    : invalidModel(`unsupported activation ${quote(kind)}`);
}

const layers = new Set(['LeakyReLU', 'ELU', 'ThresholdedReLU', 'ReLU', 'Softmax']);
export const isActivationLayer = (className: string): boolean => layers.has(className);

/** Emits an activation layer with the parameters of its config. */
export function emitActivationLayer(
  className: string,
  config: Config,
  x: GraphTensor,
  graph: GraphBuilder,
): GraphTensor {
  const number = (names: readonly string[], fallback: number): number =>
    readNumber(config, names, fallback, className);
  const put = (operator: string, attributes: Record<string, number>): GraphTensor =>
    withValue(x, graph.add(operator, [x.value], attributes));
  switch (className) {
    case 'LeakyReLU':
      return put('LeakyRelu', { alpha: number(['negative_slope', 'alpha'], 0.3) });
    case 'ELU':
      return put('Elu', { alpha: number(['alpha'], 1) });
    case 'ThresholdedReLU':
      return put('ThresholdedRelu', { alpha: number(['theta'], 1) });
    case 'Softmax':
      return put('Softmax', { axis: resolveAxis(x, config['axis'] ?? -1) + 1 });
    default:
      return withValue(x, emitRelu(number, config, x.value, graph));
  }
}

/** ReLU: x from the threshold up to max_value; below it slope · (x − threshold). */
function emitRelu(
  number: (names: readonly string[], fallback: number) => number,
  config: Config,
  x: string,
  graph: GraphBuilder,
): string {
  const [threshold, slope] = [number(['threshold'], 0), number(['negative_slope'], 0)];
  let y: string;
  if (threshold === 0)
    y = slope === 0 ? graph.add('Relu', [x]) : graph.add('LeakyRelu', [x], { alpha: slope });
  else {
    const from = graph.number(threshold);
    const below = graph.add('Mul', [graph.add('Sub', [x, from]), graph.number(slope)]);
    y = graph.add('Where', [graph.add('Less', [x, from]), below, x]);
  }
  const maxValue = config['max_value'];
  return maxValue === undefined || maxValue === null
    ? y
    : graph.add('Min', [y, graph.number(number(['max_value'], 0))]);
}
