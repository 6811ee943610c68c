import { shown } from '../../arrays.ts';
import { hardSigmoid, numberIn } from '../cell-activations.ts';
import { refuse } from '../converted.ts';
import { asConfig, type Config } from '../keras-config.ts';
import { axisIn, same, type Graph, type Wire } from './graph.ts';

// What Keras calls activations: functions by their names, and layers with their numbers.

type Activation = (x: string, graph: Graph) => string;
const plain =
  (operator: string, attributes?: Record<string, number | string>): Activation =>
  (x, graph) =>
    graph.put(operator, [x], attributes);

/** As functions have their numbers; those of layers differ. */
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
  relu6: (x, graph) => graph.put('Min', [graph.put('Relu', [x]), graph.number(6)]),
  swish: (x, graph) => graph.put('Mul', [x, graph.put('Sigmoid', [x])]),
  silu: (x, graph) => graph.put('Mul', [x, graph.put('Sigmoid', [x])]),
  hard_swish: plain('HardSwish'),
  hard_silu: plain('HardSwish'),
  mish: (x, graph) => graph.put('Mul', [x, graph.put('Tanh', [graph.put('Softplus', [x])])]),
  hard_sigmoid: (x, graph) => {
    const { alpha, beta } = hardSigmoid(graph.version);
    return graph.put('HardSigmoid', [x], { alpha, beta });
  },
};

/** What a config says of an activation; nothing is linear. @throws UnrollError invalid_model */
export function activated(said: unknown, x: Wire, graph: Graph): Wire {
  if (said === undefined || said === null) return x;
  if (typeof said === 'string')
    return Object.hasOwn(named, said)
      ? same(x, named[said]!(x.value, graph))
      : refuse(`the activation ${shown(said)}`);
  const { class_name: kind, config } = asConfig(said);
  if (kind === 'function' && typeof config === 'string') return activated(config, x, graph);
  return isActivationLayer(String(kind))
    ? activationLayer(String(kind), asConfig(config), x, graph)
    : refuse(`the activation ${shown(kind)}`);
}

const layers = new Set(['LeakyReLU', 'ELU', 'ThresholdedReLU', 'ReLU', 'Softmax']);
export const isActivationLayer = (className: string): boolean => layers.has(className);

/** A layer that is a function with numbers. */
export function activationLayer(className: string, config: Config, x: Wire, graph: Graph): Wire {
  const number = (names: readonly string[], usual: number): number =>
    numberIn(config, names, usual, className);
  const put = (operator: string, attributes: Record<string, number>): Wire =>
    same(x, graph.put(operator, [x.value], attributes));
  switch (className) {
    case 'LeakyReLU':
      return put('LeakyRelu', { alpha: number(['negative_slope', 'alpha'], 0.3) });
    case 'ELU':
      return put('Elu', { alpha: number(['alpha'], 1) });
    case 'ThresholdedReLU':
      return put('ThresholdedRelu', { alpha: number(['theta'], 1) });
    case 'Softmax':
      return put('Softmax', { axis: axisIn(x, config['axis'] ?? -1) + 1 });
    default:
      return same(x, rectified(number, config, x.value, graph));
  }
}

/** x from the threshold on, up to the most there is; below it slope · (x − threshold). */
function rectified(
  number: (names: readonly string[], usual: number) => number,
  config: Config,
  x: string,
  graph: Graph,
): string {
  const [threshold, slope] = [number(['threshold'], 0), number(['negative_slope'], 0)];
  let y: string;
  if (threshold === 0)
    y = slope === 0 ? graph.put('Relu', [x]) : graph.put('LeakyRelu', [x], { alpha: slope });
  else {
    const from = graph.number(threshold);
    const below = graph.put('Mul', [graph.put('Sub', [x, from]), graph.number(slope)]);
    y = graph.put('Where', [graph.put('Less', [x, from]), below, x]);
  }
  const most = config['max_value'];
  return most === undefined || most === null
    ? y
    : graph.put('Min', [y, graph.number(number(['max_value'], 0))]);
}
