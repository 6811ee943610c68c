import { invalidWeights, quote } from '../format-errors.ts';
import { asConfig, asList, asText, type Config } from './keras-config.ts';
import type { KerasLayer, TensorSource } from './keras-layer.ts';

// Parses the layers of a model's config and their inputs, without weights. A nested model is replaced by its
// layers: its consumers read its outputs, and its inputs become those of the nested model.

export interface TopologyLayer extends Omit<KerasLayer, 'weights'> {
  /** The nested models that contain it, the outermost first. */
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

/** Class names in files of TensorFlow 1.13 to 1.15. */
const tensorflow1Names = new Map([
  ['UnifiedLSTM', 'LSTM'],
  ['UnifiedGRU', 'GRU'],
  ['BatchNormalizationV1', 'BatchNormalization'],
  ['BatchNormalizationV2', 'BatchNormalization'],
]);
const modelClasses = new Set(['Sequential', 'Functional', 'Model']);
export const isModelClass = (className: unknown): boolean => modelClasses.has(String(className));

const limits = { layers: 1000, depth: 8 } as const;

/** Parses a model's config. @throws UnrollError invalid_weights */
export function parseTopology(json: unknown): Topology {
  if (!isModelClass(asConfig(json)['class_name']))
    return invalidWeights(
      `a Keras model of class ${quote(asConfig(json)['class_name'])}, must be Sequential or Functional`,
    );
  const whole = parseModel(json, []);
  if (whole.layers.length > limits.layers) invalidWeights(`a model of ${whole.layers.length} layers`);
  if (whole.layers.some(({ within }) => within.length > 0)) {
    const seen = new Set<string>();
    for (const { name } of whole.layers) {
      if (seen.has(name)) invalidWeights(`two layers of nested models have the name ${quote(name)}`);
      seen.add(name);
    }
  }
  return whole;
}

function parseModel(json: unknown, within: readonly Container[]): Topology {
  const { class_name: kind, config } = asConfig(json);
  const listed = Array.isArray(config) ? config : asList(asConfig(config)['layers']);
  if (listed.length === 0 || listed.length > limits.layers)
    invalidWeights(`a model of ${listed.length} layers`);
  if (within.length > limits.depth) invalidWeights(`models are nested more than ${limits.depth} deep`);
  const layers: TopologyLayer[] = [];
  /** Outputs of nested models by name. */
  const nestedOutputs = new Map<string, readonly TensorSource[]>();
  const resolve = (one: TensorSource): TensorSource => {
    const outputs = nestedOutputs.get(one.layer);
    const inner = outputs ? outputs[one.tensor] : one;
    return inner
      ? { ...inner, ...(one.argument !== undefined && { argument: one.argument }) }
      : invalidWeights(`the model ${quote(one.layer)} has no output ${one.tensor}`);
  };
  let previous: TensorSource | null = null;
  for (const [index, one] of listed.entries()) {
    const layer = asConfig(one);
    const name = getLayerName(layer, index);
    const nodes = asList(layer['inbound_nodes']);
    if (nodes.length > 1) invalidWeights(`layer ${quote(name)} is used ${nodes.length} times`);
    const read: readonly TensorSource[] =
      kind === 'Sequential' ? (previous ? [previous] : []) : parseSources(nodes[0]);
    const inputs = read.map(resolve);
    const className = String(layer['class_name']);
    previous = { layer: name, tensor: 0 };
    if (isModelClass(className)) {
      const inner = parseModel(layer, [...within, { className, name }]);
      const { layers: placed, outputs } = inlineModel(inner, layer['config'], inputs);
      layers.push(...placed);
      nestedOutputs.set(name, outputs);
    } else
      layers.push({
        className: tensorflow1Names.get(className) ?? className,
        name,
        config: asConfig(layer['config']),
        inputs,
        within,
      });
  }
  const outputs =
    kind === 'Sequential' && previous ? [previous] : parseHistories(asConfig(config)['output_layers']);
  return { layers, outputs: outputs.map(resolve) };
}

const getLayerName = (layer: Config, index: number): string =>
  asText(layer['name']) ?? asText(asConfig(layer['config'])['name']) ?? `layer_${index}`;

/** Replaces a nested model's inputs by `inputs`. Without inputs, its input is that of the whole model. */
function inlineModel(
  { layers, outputs }: Topology,
  config: unknown,
  inputs: readonly TensorSource[],
): Topology {
  if (inputs.length === 0) return { layers, outputs };
  const own = layers.filter(({ className }) => className === 'InputLayer').map(({ name }) => name);
  const configured = parseHistories(asConfig(config)['input_layers']).map(({ layer }) => layer);
  const names = configured.length > 0 ? configured : own;
  const redirect = (one: TensorSource): TensorSource => {
    const place = names.indexOf(one.layer);
    return place < 0
      ? one
      : (inputs[place] ??
          invalidWeights(`a nested model has ${names.length} inputs, but is called with ${inputs.length}`));
  };
  return {
    // a Sequential may have no InputLayer
    layers: layers
      .filter(({ className }) => className !== 'InputLayer')
      .map((layer) => ({
        ...layer,
        inputs: layer.inputs.length > 0 ? layer.inputs.map(redirect) : inputs,
      })),
    outputs: outputs.map(redirect),
  };
}

/**
 * Parses the tensors of an inbound node. Keras 3 has them among the positional and keyword arguments, with a
 * history; Keras 1 and 2 as [name, node, tensor, keyword arguments], in which a tensor is [name, node,
 * tensor].
 */
function parseSources(node: unknown): TensorSource[] {
  const { args, kwargs } = asConfig(node);
  if (args === undefined) return [...parseHistories(node), ...parseKeywordTensors(node)];
  const sources: TensorSource[] = [];
  const walk = (value: unknown, depth: number, argument?: string): void => {
    if (depth > 8) return;
    if (Array.isArray(value)) value.forEach((one) => walk(one, depth + 1, argument));
    else {
      const history = asConfig(asConfig(asConfig(value)['config']))['keras_history'];
      if (Array.isArray(history)) sources.push(parseSource(history, argument));
    }
  };
  walk(args, 0);
  for (const [argument, value] of Object.entries(asConfig(kwargs))) walk(value, 0, argument);
  return sources;
}

/** Keras 2: parses the tensors among the keyword arguments of every input. */
function parseKeywordTensors(node: unknown): TensorSource[] {
  return asList(node).flatMap((input) =>
    Object.entries(asConfig(asList(input)[3])).flatMap(([argument, value]) => {
      const tensors = typeof asList(value)[0] === 'string' ? [value] : asList(value);
      return tensors.flatMap((tensor) => {
        const [name, ...place] = asList(tensor);
        return typeof name === 'string' && place.length === 2 && place.every(Number.isInteger)
          ? [parseSource(asList(tensor), argument)]
          : [];
      });
    }),
  );
}

/** Parses [name, node, tensor], or a list of them. */
function parseHistories(value: unknown): TensorSource[] {
  const list = asList(value);
  if (typeof list[0] === 'string') return [parseSource(list)];
  return list.flatMap((one) => (typeof asList(one)[0] === 'string' ? [parseSource(asList(one))] : []));
}

/** Parses [name, node, tensor, …]; a missing tensor index is 0. */
const parseSource = ([name, , tensor]: readonly unknown[], argument?: string): TensorSource => ({
  layer: String(name),
  tensor: Number.isSafeInteger(tensor) ? (tensor as number) : 0,
  ...(argument !== undefined && { argument }),
});
