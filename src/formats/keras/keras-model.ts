import type { Tensor } from '../../network/weights.ts';
import { refuseFile, shown, type Arrays } from '../arrays.ts';
import { parseJson } from '../parse-json.ts';
import { readZip } from '../zip.ts';
import { readHdf5, type Hdf5 } from './hdf5.ts';

/** A layer as Keras describes it, whichever version wrote it. */
export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Config;
  /** Names of the layers it reads, in order. */
  readonly inputs: readonly string[];
  /** Its weights in the order Keras keeps them; of a Bidirectional, the forward direction's first. */
  readonly weights: readonly Tensor[];
}
export interface KerasModel {
  readonly version: string;
  readonly layers: readonly KerasLayer[];
  readonly outputs: readonly string[];
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
    ? (textOf(asConfig(parse(metadata, 'metadata.json'))['keras_version']) ?? '3')
    : '3';
  const file = await readHdf5(weights, hdf5Milliseconds);
  const drafts = draftsOf(parse(config, 'config.json'));
  const seen = new Map<string, number>();
  const model: KerasModel = {
    version,
    outputs: drafts.outputs,
    layers: drafts.layers.map((draft) => {
      const kind = snakeCase(draft.className);
      const count = seen.get(kind) ?? 0;
      seen.set(kind, count + 1);
      return { ...draft, weights: variablesOf(file, `layers/${kind}${count > 0 ? `_${count}` : ''}`) };
    }),
  };
  return { model, arrays: file.arrays };
}

/** A whole model in HDF5, as Keras 1 to 3 save it. Null where the file holds weights alone. @throws UnrollError invalid_weights, invalid_model */
export function readKerasHdf5(file: Hdf5): KerasModel | null {
  const root = file.attributes.get('');
  const config = root?.get('model_config');
  if (typeof config !== 'string') return null;
  const drafts = draftsOf(parse(new TextEncoder().encode(config), 'model_config'));
  return {
    version: String(
      root?.get('keras_version') ?? file.attributes.get('model_weights')?.get('keras_version') ?? '1',
    ),
    outputs: drafts.outputs,
    layers: drafts.layers.map((draft) => ({
      ...draft,
      weights: namedWeightsOf(file, `model_weights/${draft.name}`),
    })),
  };
}

const parse = (bytes: Uint8Array, name: string): unknown => parseJson(bytes, name).value;

type Draft = Omit<KerasLayer, 'weights'>;

/** The layers of a model's config, without their weights. @throws UnrollError invalid_weights */
export function draftsOf(json: unknown): { layers: Draft[]; outputs: string[] } {
  const { class_name: kind, config } = asConfig(json);
  const listed = Array.isArray(config) ? config : asList(asConfig(config)['layers']);
  if (kind !== 'Sequential' && kind !== 'Functional' && kind !== 'Model')
    return refuseFile(`a Keras model of class ${shown(kind)}, must be Sequential or Functional`);
  if (listed.length === 0 || listed.length > 1000) refuseFile(`a model of ${listed.length} layers`);
  const layers = listed.map((one, index): Draft => {
    const layer = asConfig(one);
    const own = asConfig(layer['config']);
    const name = textOf(layer['name']) ?? textOf(own['name']) ?? `layer_${index}`;
    const nodes = asList(layer['inbound_nodes']);
    if (nodes.length > 1) refuseFile(`layer ${shown(name)} is used ${nodes.length} times`);
    return {
      className: String(layer['class_name']),
      name,
      config: own,
      inputs: kind === 'Sequential' ? [] : sourcesOf(nodes[0]),
    };
  });
  if (kind !== 'Sequential') return { layers, outputs: historyNames(asConfig(config)['output_layers']) };
  const chained = layers.map((layer, index) => ({
    ...layer,
    inputs: index > 0 ? [layers[index - 1]!.name] : [],
  }));
  return { layers: chained, outputs: [chained.at(-1)!.name] };
}

/**
 * Names in an inbound node: Keras 3 has tensors with a history among its arguments, by position and by name, Keras 1 and 2
 * [name, node, tensor, arguments by name], in which a tensor is [name, node, tensor].
 */
function sourcesOf(node: unknown): string[] {
  const { args, kwargs } = asConfig(node);
  if (args === undefined) return [...historyNames(node), ...tensorArguments(node)];
  const names: string[] = [];
  const walk = (value: unknown, depth: number): void => {
    if (depth > 8) return;
    if (Array.isArray(value)) value.forEach((one) => walk(one, depth + 1));
    else {
      const history = asConfig(asConfig(asConfig(value)['config']))['keras_history'];
      if (Array.isArray(history)) names.push(String(history[0]));
    }
  };
  walk(args, 0);
  walk(Object.values(asConfig(kwargs)), 0);
  return names;
}

/** Keras 2: tensors among the arguments by name of every input. */
function tensorArguments(node: unknown): string[] {
  return asList(node).flatMap((input) =>
    Object.values(asConfig(asList(input)[3])).flatMap((value) => {
      const tensors = typeof asList(value)[0] === 'string' ? [value] : asList(value);
      return tensors.flatMap((tensor) => {
        const [name, ...place] = asList(tensor);
        return typeof name === 'string' && place.length === 2 && place.every(Number.isInteger) ? [name] : [];
      });
    }),
  );
}

/** [name, node, tensor], or a list of them. */
function historyNames(value: unknown): string[] {
  const list = asList(value);
  if (typeof list[0] === 'string') return [list[0]];
  return list.flatMap((one) => {
    const name = asList(one)[0];
    return typeof name === 'string' ? [name] : [];
  });
}

/** Keras 3 names folders by class: GRU is gru, SimpleRNN simple_rnn. */
const snakeCase = (name: string): string =>
  name
    .replaceAll(/\W+/g, '')
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();

/** vars/0, vars/1 … of a layer, of its cell, of what it wraps. */
function variablesOf({ arrays }: Hdf5, folder: string): Tensor[] {
  for (const inner of ['', '/cell', '/layer', '/layer/cell']) {
    const found = numbered(arrays, `${folder}${inner}`);
    if (found.length > 0) return found;
  }
  return ['forward_layer', 'backward_layer'].flatMap((direction) =>
    numbered(arrays, `${folder}/${direction}/cell`),
  );
}

function numbered(arrays: Hdf5['arrays'], folder: string): Tensor[] {
  const found: Tensor[] = [];
  for (let i = 0; ; i++) {
    const tensor = arrays.get(`${folder}/vars/${i}`);
    if (!tensor) return found;
    found.push(tensor);
  }
}

/** The datasets that a group's `weight_names` lists, in that order. */
function namedWeightsOf({ arrays, attributes }: Hdf5, group: string): Tensor[] {
  const names = attributes.get(group)?.get('weight_names') ?? [];
  return (typeof names === 'string' ? [names] : names).map(
    (name) => arrays.get(`${group}/${name}`) ?? refuseFile(`the weight ${shown(name)} is missing`),
  );
}
