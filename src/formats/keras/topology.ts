import { invalidWeights, quote } from '../format-errors.ts';
import { asConfig, asList, asText, type Config } from './keras-config.ts';
import type { KerasLayer, TensorSource } from './keras-layer.ts';

// The layers of a model's config and what each reads, without their weights. A model that stands among another's layers becomes its
// layers: what read it reads its outputs, and its inputs are what it read.

export interface TopologyLayer extends Omit<KerasLayer, 'weights'> {
  /** Names of the models that it stands in, the outermost first. */
  readonly within: readonly Container[];
}
export interface Container {
  readonly className: string;
  readonly name: string;
}
interface Topology {
  readonly layers: readonly TopologyLayer[];
  readonly outputs: readonly TensorSource[];
}

/** Names under which TensorFlow 1.13 to 1.15 saved layers. */
const ofTensorflow1 = new Map([
  ['UnifiedLSTM', 'LSTM'],
  ['UnifiedGRU', 'GRU'],
  ['BatchNormalizationV1', 'BatchNormalization'],
  ['BatchNormalizationV2', 'BatchNormalization'],
]);
const modelClasses = new Set(['Sequential', 'Functional', 'Model']);
export const isModelClass = (className: unknown): boolean => modelClasses.has(String(className));

const limits = { layers: 1000, depth: 8 } as const;

/** @throws UnrollError invalid_weights */
export function parseTopology(json: unknown): Topology {
  if (!isModelClass(asConfig(json)['class_name']))
    return invalidWeights(
      `a Keras model of class ${quote(asConfig(json)['class_name'])}, must be Sequential or Functional`,
    );
  const whole = topologyOf(json, []);
  if (whole.layers.length > limits.layers) invalidWeights(`a model of ${whole.layers.length} layers`);
  if (whole.layers.some(({ within }) => within.length > 0)) {
    const seen = new Set<string>();
    for (const { name } of whole.layers) {
      if (seen.has(name)) invalidWeights(`two layers of nested models are called ${quote(name)}`);
      seen.add(name);
    }
  }
  return whole;
}

function topologyOf(json: unknown, within: readonly Container[]): Topology {
  const { class_name: kind, config } = asConfig(json);
  const listed = Array.isArray(config) ? config : asList(asConfig(config)['layers']);
  if (listed.length === 0 || listed.length > limits.layers)
    invalidWeights(`a model of ${listed.length} layers`);
  if (within.length > limits.depth) invalidWeights(`models within models, more than ${limits.depth} deep`);
  const layers: TopologyLayer[] = [];
  /** What a model among the layers gives, by its name. */
  const given = new Map<string, readonly TensorSource[]>();
  const resolved = (one: TensorSource): TensorSource => {
    const outputs = given.get(one.layer);
    const inner = outputs ? outputs[one.tensor] : one;
    return inner
      ? { ...inner, ...(one.argument !== undefined && { argument: one.argument }) }
      : invalidWeights(`the model ${quote(one.layer)} has no output ${one.tensor}`);
  };
  let before: TensorSource | null = null;
  for (const [index, one] of listed.entries()) {
    const layer = asConfig(one);
    const name = nameOf(layer, index);
    const nodes = asList(layer['inbound_nodes']);
    if (nodes.length > 1) invalidWeights(`layer ${quote(name)} is used ${nodes.length} times`);
    const read: readonly TensorSource[] =
      kind === 'Sequential' ? (before ? [before] : []) : sourcesOf(nodes[0]);
    const inputs = read.map(resolved);
    const className = String(layer['class_name']);
    before = { layer: name, tensor: 0 };
    if (isModelClass(className)) {
      const inner = topologyOf(layer, [...within, { className, name }]);
      const { layers: placed, outputs } = spliced(inner, layer['config'], inputs);
      layers.push(...placed);
      given.set(name, outputs);
    } else
      layers.push({
        className: ofTensorflow1.get(className) ?? className,
        name,
        config: asConfig(layer['config']),
        inputs,
        within,
      });
  }
  const outputs =
    kind === 'Sequential' && before ? [before] : historySources(asConfig(config)['output_layers']);
  return { layers, outputs: outputs.map(resolved) };
}

const nameOf = (layer: Config, index: number): string =>
  asText(layer['name']) ?? asText(asConfig(layer['config'])['name']) ?? `layer_${index}`;

/** A model's layers, reading `inputs` in the place of its own. Where there are none, its input is the whole model's. */
function spliced({ layers, outputs }: Topology, config: unknown, inputs: readonly TensorSource[]): Topology {
  if (inputs.length === 0) return { layers, outputs };
  const own = layers.filter(({ className }) => className === 'InputLayer').map(({ name }) => name);
  const said = historySources(asConfig(config)['input_layers']).map(({ layer }) => layer);
  const names = said.length > 0 ? said : own;
  const into = (one: TensorSource): TensorSource => {
    const place = names.indexOf(one.layer);
    return place < 0
      ? one
      : (inputs[place] ?? invalidWeights(`a model of ${names.length} inputs reads ${inputs.length}`));
  };
  return {
    // a Sequential's first layer may read its input without a layer for it
    layers: layers
      .filter(({ className }) => className !== 'InputLayer')
      .map((layer) => ({
        ...layer,
        inputs: layer.inputs.length > 0 ? layer.inputs.map(into) : inputs,
      })),
    outputs: outputs.map(into),
  };
}

/**
 * Tensors in an inbound node: Keras 3 has them with their history among its arguments, by position and by name, Keras 1 and 2
 * [name, node, tensor, arguments by name], in which a tensor is [name, node, tensor].
 */
function sourcesOf(node: unknown): TensorSource[] {
  const { args, kwargs } = asConfig(node);
  if (args === undefined) return [...historySources(node), ...tensorArguments(node)];
  const sources: TensorSource[] = [];
  const walk = (value: unknown, depth: number, argument?: string): void => {
    if (depth > 8) return;
    if (Array.isArray(value)) value.forEach((one) => walk(one, depth + 1, argument));
    else {
      const history = asConfig(asConfig(asConfig(value)['config']))['keras_history'];
      if (Array.isArray(history)) sources.push(sourceOf(history, argument));
    }
  };
  walk(args, 0);
  for (const [argument, value] of Object.entries(asConfig(kwargs))) walk(value, 0, argument);
  return sources;
}

/** Keras 2: tensors among the arguments by name of every input. */
function tensorArguments(node: unknown): TensorSource[] {
  return asList(node).flatMap((input) =>
    Object.entries(asConfig(asList(input)[3])).flatMap(([argument, value]) => {
      const tensors = typeof asList(value)[0] === 'string' ? [value] : asList(value);
      return tensors.flatMap((tensor) => {
        const [name, ...place] = asList(tensor);
        return typeof name === 'string' && place.length === 2 && place.every(Number.isInteger)
          ? [sourceOf(asList(tensor), argument)]
          : [];
      });
    }),
  );
}

/** [name, node, tensor], or a list of them. */
function historySources(value: unknown): TensorSource[] {
  const list = asList(value);
  if (typeof list[0] === 'string') return [sourceOf(list)];
  return list.flatMap((one) => (typeof asList(one)[0] === 'string' ? [sourceOf(asList(one))] : []));
}

/** [name, node, tensor, …]; the first tensor where that isn't said. */
const sourceOf = ([name, , tensor]: readonly unknown[], argument?: string): TensorSource => ({
  layer: String(name),
  tensor: Number.isSafeInteger(tensor) ? (tensor as number) : 0,
  ...(argument !== undefined && { argument }),
});
