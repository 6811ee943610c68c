import type { Tensor } from '../../network/weights.ts';
import { refuseFile, shown, type Arrays } from '../arrays.ts';
import { parseJson } from '../parse-json.ts';
import { readSiblings, type Siblings } from '../siblings.ts';
import { readZip } from '../zip.ts';
import { readHdf5, type Hdf5 } from './hdf5.ts';
import { weightsOfLayers } from './layer-weights.ts';

/** A layer as Keras describes it, whichever version wrote it. */
export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Config;
  /** What it reads, in order. */
  readonly inputs: readonly Source[];
  /** Its weights in the order Keras keeps them; of a Bidirectional, the forward direction's first. */
  readonly weights: readonly Tensor[];
}
/** A tensor that a layer gives: most give one. */
export interface Source {
  readonly layer: string;
  readonly tensor: number;
  /** By which it is handed on, where it goes by name. */
  readonly argument?: string;
}
export interface KerasModel {
  readonly version: string;
  readonly layers: readonly KerasLayer[];
  readonly outputs: readonly Source[];
}
export type Config = Readonly<Record<string, unknown>>;

export const asConfig = (value: unknown): Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Config) : {};
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Keras 3's zip: config.json, metadata.json, model.weights.h5. @throws UnrollError invalid_weights, invalid_model */
export async function readKerasZip(
  bytes: Uint8Array,
  hdf5Milliseconds?: number,
): Promise<{ model: KerasModel; arrays: Arrays }> {
  const entries = readZip(bytes, (name) =>
    ['config.json', 'metadata.json', 'model.weights.h5'].includes(name),
  );
  const [config, weights] = [entries.get('config.json'), entries.get('model.weights.h5')];
  if (!config || !weights) return refuseFile('the .keras file lacks config.json or model.weights.h5');
  const metadata = entries.get('metadata.json');
  const version = metadata
    ? (textOf(asConfig(parseJson(metadata, 'metadata.json').value)['keras_version']) ?? '3')
    : '3';
  const file = await readHdf5(weights, hdf5Milliseconds);
  return { model: modelOf(parseJson(config, 'config.json').value, file, version), arrays: file.arrays };
}

/** A whole model in HDF5, as Keras 1 to 3 save it. Null where the file holds weights alone. @throws UnrollError invalid_weights, invalid_model */
export function readKerasHdf5(file: Hdf5): KerasModel | null {
  const config = file.attributes.get('')?.get('model_config');
  if (typeof config !== 'string') return null;
  return modelOf(
    parseJson(new TextEncoder().encode(config), 'model_config').value,
    file,
    versionOf(file) ?? '1',
  );
}

/** Whether JSON is what Keras' `to_json` gives. */
export const isKerasConfig = (json: unknown): boolean =>
  modelClasses.has(String(asConfig(json)['class_name'])) && Object.hasOwn(asConfig(json), 'config');

/** A network by itself, with its weights in the one HDF5 file beside it. @throws UnrollError invalid_weights, invalid_model */
export async function readKerasConfig(
  json: unknown,
  siblings: Siblings,
  hdf5Milliseconds?: number,
): Promise<{ model: KerasModel; arrays: Arrays }> {
  const files = (await siblings.list()).filter((name) => /\.(h5|hdf5)$/i.test(name));
  const [name] = files;
  if (name === undefined || files.length > 1)
    return refuseFile(
      `describes a Keras network without its weights: one .h5 or .hdf5 file must stand beside it, there are ${files.length}`,
    );
  const file = await readHdf5((await readSiblings(siblings, [name])).get(name)!, hdf5Milliseconds);
  const version = textOf(asConfig(json)['keras_version']) ?? versionOf(file) ?? '3';
  return { model: modelOf(json, file, version), arrays: file.arrays };
}

/** Keras 1.0 says none. */
const versionOf = ({ attributes }: Hdf5): string | undefined =>
  textOf(attributes.get('')?.get('keras_version') ?? attributes.get('model_weights')?.get('keras_version'));

function modelOf(config: unknown, file: Hdf5, version: string): KerasModel {
  const { layers, outputs } = draftsOf(config);
  const weights = weightsOfLayers(file, layers);
  return { version, outputs, layers: layers.map((layer, i) => ({ ...layer, weights: weights[i]! })) };
}

type Draft = Omit<KerasLayer, 'weights'>;
/** Names under which TensorFlow 1.13 to 1.15 saved layers. */
const ofTensorflow1 = new Map([
  ['UnifiedLSTM', 'LSTM'],
  ['UnifiedGRU', 'GRU'],
  ['BatchNormalizationV1', 'BatchNormalization'],
  ['BatchNormalizationV2', 'BatchNormalization'],
]);
const modelClasses = new Set(['Sequential', 'Functional', 'Model']);

/** The layers of a model's config, without their weights. @throws UnrollError invalid_weights */
export function draftsOf(json: unknown): { layers: Draft[]; outputs: Source[] } {
  const { class_name: kind, config } = asConfig(json);
  const listed = Array.isArray(config) ? config : asList(asConfig(config)['layers']);
  if (!modelClasses.has(String(kind)))
    return refuseFile(`a Keras model of class ${shown(kind)}, must be Sequential or Functional`);
  if (listed.length === 0 || listed.length > 1000) refuseFile(`a model of ${listed.length} layers`);
  const layers = listed.map((one, index): Draft => {
    const layer = asConfig(one);
    const own = asConfig(layer['config']);
    const name = textOf(layer['name']) ?? textOf(own['name']) ?? `layer_${index}`;
    const nodes = asList(layer['inbound_nodes']);
    if (nodes.length > 1) refuseFile(`layer ${shown(name)} is used ${nodes.length} times`);
    return {
      className: ofTensorflow1.get(String(layer['class_name'])) ?? String(layer['class_name']),
      name,
      config: own,
      inputs: kind === 'Sequential' ? [] : sourcesOf(nodes[0]),
    };
  });
  if (kind !== 'Sequential') return { layers, outputs: historySources(asConfig(config)['output_layers']) };
  const chained = layers.map((layer, index) => ({
    ...layer,
    inputs: index > 0 ? [{ layer: layers[index - 1]!.name, tensor: 0 }] : [],
  }));
  return { layers: chained, outputs: [{ layer: chained.at(-1)!.name, tensor: 0 }] };
}

/**
 * Tensors in an inbound node: Keras 3 has them with their history among its arguments, by position and by name, Keras 1 and 2
 * [name, node, tensor, arguments by name], in which a tensor is [name, node, tensor].
 */
function sourcesOf(node: unknown): Source[] {
  const { args, kwargs } = asConfig(node);
  if (args === undefined) return [...historySources(node), ...tensorArguments(node)];
  const sources: Source[] = [];
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
function tensorArguments(node: unknown): Source[] {
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
function historySources(value: unknown): Source[] {
  const list = asList(value);
  if (typeof list[0] === 'string') return [sourceOf(list)];
  return list.flatMap((one) => (typeof asList(one)[0] === 'string' ? [sourceOf(asList(one))] : []));
}

/** [name, node, tensor, …]; the first tensor where that isn't said. */
const sourceOf = ([name, , tensor]: readonly unknown[], argument?: string): Source => ({
  layer: String(name),
  tensor: Number.isSafeInteger(tensor) ? (tensor as number) : 0,
  ...(argument !== undefined && { argument }),
});
