import { invalidWeights, quote } from '../format-errors.ts';
import { parseHistories, parseNode } from './inbound-nodes.ts';
import { asConfig, asList, asText, type Config } from './keras-config.ts';
import { isModelClass } from './model-class.ts';
import type { KerasLayer, ModelMember, ModelTopology, TensorSource } from './keras-layer.ts';

// Parses the layers of a model's config and their calls, without weights.

export interface TopologyLayer extends Omit<KerasLayer, 'weights'> {
  /** The nested models that contain it, the outermost first. */
  readonly within: readonly Container[];
}
export interface Container {
  readonly className: string;
  readonly name: string;
}
type Topology = ModelTopology<TopologyLayer>;

/** Class names in files of TensorFlow 1.13 to 1.15. */
const tensorflow1Names = new Map([
  ['UnifiedLSTM', 'LSTM'],
  ['UnifiedGRU', 'GRU'],
  ['BatchNormalizationV1', 'BatchNormalization'],
  ['BatchNormalizationV2', 'BatchNormalization'],
]);

const limits = { layers: 1000, depth: 8 } as const;

/** Parses a model's config. @throws UnrollError invalid_weights */
export function parseTopology(json: unknown): Topology {
  if (!isModelClass(asConfig(json)['class_name']))
    return invalidWeights(
      `a Keras model of class ${quote(asConfig(json)['class_name'])}, must be Sequential or Functional`,
    );
  const whole = parseModel(json, []);
  const layers = listLayers(whole);
  if (layers.length > limits.layers) invalidWeights(`a model of ${layers.length} layers`);
  // files of Keras 1 and 2 keep the weights of all layers in a nested model by the layers' names
  const seen = new Set<string>();
  for (const { name, within } of layers) {
    const path = JSON.stringify([within[0]?.name, name]);
    if (seen.has(path)) invalidWeights(`two layers have the name ${quote(name)}`);
    seen.add(path);
  }
  return whole;
}

/** Lists the layers of a model and of those nested in it, in the file's order. */
export const listLayers = <Layer>({ members }: ModelTopology<Layer>): Layer[] =>
  members.flatMap(({ layer, model }) => (model ? listLayers(model) : [layer]));

/** Replaces the layers of a model and of those nested in it. */
export const mapLayers = <From, To>(
  { members, ...rest }: ModelTopology<From>,
  convert: (layer: From) => To,
): ModelTopology<To> => ({
  ...rest,
  members: members.map(({ layer, model, calls }) => ({
    layer: convert(layer),
    model: model && mapLayers(model, convert),
    calls,
  })),
});

function parseModel(json: unknown, within: readonly Container[]): Topology {
  const { class_name: kind, config } = asConfig(json);
  const listed = Array.isArray(config) ? config : asList(asConfig(config)['layers']);
  if (listed.length === 0 || listed.length > limits.layers)
    invalidWeights(`a model of ${listed.length} layers`);
  if (within.length > limits.depth) invalidWeights(`models are nested more than ${limits.depth} deep`);
  const layers = listed.map((one, index) => parseLayer(asConfig(one), index, within));
  return kind === 'Sequential' ? chain(layers, asConfig(config)) : connect(layers, asConfig(config));
}

interface ParsedLayer extends Omit<ModelMember<TopologyLayer>, 'calls'> {
  readonly json: Config;
}

function parseLayer(json: Config, index: number, within: readonly Container[]): ParsedLayer {
  const className = String(json['class_name']);
  const config = asConfig(json['config']);
  const name = asText(json['name']) ?? asText(config['name']) ?? `layer_${index}`;
  const wrapped = className === 'TimeDistributed' ? asConfig(config['layer']) : json;
  return {
    json,
    layer: {
      className: tensorflow1Names.get(className) ?? className,
      name,
      config,
      within,
      ...(isOperation(json) && { isOperation: true as const }),
    },
    model: isModelClass(wrapped['class_name']) ? parseModel(wrapped, [...within, { className, name }]) : null,
  };
}

/**
 * Whether it is a function of keras.ops rather than a layer: some have a layer's name, and none passes a mask on. In HDF5
 * its module is not written, but a layer's config has whether it is trainable.
 */
function isOperation({ module, config, inbound_nodes: nodes }: Config): boolean {
  if (module !== undefined) return /^keras\.(src\.)?ops\b/.test(asText(module) ?? '');
  const isKeras3 = asConfig(asList(nodes)[0])['args'] !== undefined;
  return isKeras3 && asConfig(config)['trainable'] === undefined;
}

/** Connects the layers of a Sequential: each reads the one before. One without an InputLayer gets one. */
function chain(layers: readonly ParsedLayer[], config: Config): Topology {
  const first = layers[0]!;
  const toSource = (layer: string): TensorSource => ({ layer, call: 0, tensor: 0 });
  const listed: readonly Omit<ParsedLayer, 'json'>[] =
    first.layer.className === 'InputLayer'
      ? layers
      : [{ layer: createInput(first, config), model: null }, ...layers];
  const members = listed.map((one, i) => ({
    layer: one.layer,
    model: one.model,
    calls: [{ inputs: i === 0 ? [] : [toSource(listed[i - 1]!.layer.name)], options: {} }],
  }));
  return {
    members,
    inputs: [toSource(members[0]!.layer.name)],
    outputs: [toSource(members.at(-1)!.layer.name)],
  };
}

/** Creates the InputLayer that Keras adds to a Sequential: its shape is in the config of the first layer. */
function createInput({ layer, model, json }: ParsedLayer, sequential: Config): TopologyLayer {
  const { name, config, within, className } = layer;
  const inner = model?.members[0]?.layer.config ?? asConfig(asConfig(config['layer'])['config']);
  const width = config['input_dim'] ?? inner['input_dim'];
  const shape =
    getBatchShape(config) ??
    getBatchShape(inner) ??
    sequential['build_input_shape'] ??
    asConfig(json['build_config'])['input_shape'] ??
    (className === 'Embedding'
      ? [null, config['input_length'] ?? null]
      : typeof width === 'number'
        ? [null, null, width]
        : undefined);
  return {
    className: 'InputLayer',
    name: `${name}_input`,
    config: { batch_shape: shape, dtype: className === 'Embedding' ? 'int32' : config['dtype'] },
    within,
  };
}

/** The shape of an input with its batch, under the name of each version of Keras. */
export const getBatchShape = (config: Config): unknown =>
  config['batch_shape'] ?? config['batch_input_shape'];

/** Connects the layers of a Functional model. */
function connect(layers: readonly ParsedLayer[], config: Config): Topology {
  const inputs = parseHistories(config['input_layers']);
  const outputs = parseHistories(config['output_layers']);
  const nodes = layers.map(({ json }) => asList(json['inbound_nodes']).map(parseNode));
  const callRanges = findCallRanges([...nodes.flat().flatMap((node) => node.inputs), ...outputs]);
  const counts = new Map(layers.map(({ layer }, i) => [layer.name, nodes[i]!.length]));
  /** Numbers the calls of a layer from 0: Keras does not save the first one of a model that has an InputLayer. */
  const resolve = (one: TensorSource): TensorSource => {
    const count = counts.get(one.layer) ?? 0;
    const { min, max } = callRanges.get(one.layer) ?? { min: 0, max: 0 };
    if (count <= 1) return { ...one, call: 0 };
    return max === count && min > 0 ? { ...one, call: one.call - 1 } : one;
  };
  return {
    members: layers.map(({ layer, model }, i) => ({
      layer,
      model,
      calls: nodes[i]!.map(({ inputs: read, options }) => ({ inputs: read.map(resolve), options })),
    })),
    inputs,
    outputs: outputs.map(resolve),
  };
}

/** The range of call numbers under which each layer is read. */
function findCallRanges(
  sources: readonly TensorSource[],
): ReadonlyMap<string, { readonly min: number; readonly max: number }> {
  const ranges = new Map<string, { min: number; max: number }>();
  for (const { layer, call } of sources) {
    const { min, max } = ranges.get(layer) ?? { min: call, max: call };
    ranges.set(layer, { min: Math.min(min, call), max: Math.max(max, call) });
  }
  return ranges;
}
