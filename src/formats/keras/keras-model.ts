import { isUtf8 } from 'node:buffer';
import type { KerasLayer, ModelTopology } from './keras-layer.ts';
import type { Arrays } from '../arrays.ts';
import { parseJson } from '../parse-json.ts';
import { readExternalFiles, type ExternalFiles } from '../external-files.ts';
import { readZip } from '../zip.ts';
import { asConfig, asText } from './keras-config.ts';
import { readHdf5, type Hdf5 } from './hdf5.ts';
import { nameLayerGroups, readLayerWeights } from './layer-weights.ts';
import { listLayers, mapLayers, parseTopology } from './topology.ts';
import { invalidWeights, quote } from '../format-errors.ts';

export interface KerasModel {
  readonly version: string;
  /** Whether it is a model of TensorFlow.js, which treats masks differently. */
  readonly tfjs?: boolean;
  readonly topology: ModelTopology<KerasLayer>;
}
/**
 * Reads Keras 3's zip: config.json, metadata.json, model.weights.h5, vocabularies.
 * @throws UnrollError invalid_weights, invalid_model
 */
export async function readKerasZip(
  bytes: Uint8Array,
  hdf5TimeoutMs?: number,
): Promise<{ model: KerasModel; arrays: Arrays }> {
  const entries = readZip(
    bytes,
    (name) =>
      ['config.json', 'metadata.json', 'model.weights.h5'].includes(name) || vocabularyFile.test(name),
  );
  const [config, weights] = [entries.get('config.json'), entries.get('model.weights.h5')];
  if (!config || !weights) return invalidWeights('the .keras file has no config.json or no model.weights.h5');
  const metadata = entries.get('metadata.json');
  const version = metadata
    ? (asText(asConfig(parseJson(metadata, 'metadata.json').value)['keras_version']) ?? '3')
    : '3';
  const file = await readHdf5(weights, hdf5TimeoutMs);
  return {
    model: createModel(parseJson(config, 'config.json').value, file, version, readVocabularies(entries)),
    arrays: file.arrays,
  };
}

/** What TextVectorization, StringLookup and IntegerLookup have learnt, in the folders that their weights would have. */
const vocabularyFile = /^assets\/(.+?)(?:\/_lookup_layer)?\/vocabulary\.txt$/;

/** Where Python's splitlines() splits, which Keras reads them with. */
const lineEnds = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/;

/** The vocabularies of a zip by the groups of their layers. @throws UnrollError invalid_weights */
function readVocabularies(entries: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, readonly string[]> {
  const vocabularies = new Map<string, readonly string[]>();
  for (const [name, bytes] of entries) {
    const [, group] = vocabularyFile.exec(name) ?? [];
    if (group === undefined) continue;
    if (!isUtf8(bytes)) invalidWeights(`${quote(name)} is not UTF-8`);
    const lines = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split(lineEnds);
    vocabularies.set(group, lines.slice(0, 1 + lines.findLastIndex((line) => line !== '')));
  }
  return vocabularies;
}

/**
 * Reads a whole model in HDF5, as saved by Keras 1 to 3. Null when the file has only weights.
 * @throws UnrollError invalid_weights, invalid_model
 */
export function readKerasHdf5(file: Hdf5): KerasModel | null {
  const config = file.attributes.get('')?.get('model_config');
  if (typeof config !== 'string') return null;
  return createModel(
    parseJson(new TextEncoder().encode(config), 'model_config').value,
    file,
    findVersion(file) ?? '1',
  );
}

/**
 * Reads a network from JSON, with its weights in the only HDF5 file of the folder.
 * @throws UnrollError invalid_weights, invalid_model
 */
export async function readKerasConfig(
  json: unknown,
  externalFiles: ExternalFiles,
  hdf5TimeoutMs?: number,
): Promise<{ model: KerasModel; arrays: Arrays }> {
  const files = (await externalFiles.list()).filter((name) => /\.(h5|hdf5)$/i.test(name));
  const [name] = files;
  if (name === undefined || files.length > 1)
    return invalidWeights(
      `a Keras network without weights: must have one .h5 or .hdf5 file in its folder, there are ${files.length}`,
    );
  const file = await readHdf5((await readExternalFiles(externalFiles, [name])).get(name)!, hdf5TimeoutMs);
  const version = asText(asConfig(json)['keras_version']) ?? findVersion(file) ?? '3';
  return { model: createModel(json, file, version), arrays: file.arrays };
}

/** The version of Keras in a file; missing in files of Keras 1.0. */
const findVersion = ({ attributes }: Hdf5): string | undefined =>
  asText(attributes.get('')?.get('keras_version') ?? attributes.get('model_weights')?.get('keras_version'));

function createModel(
  config: unknown,
  file: Hdf5,
  version: string,
  vocabularies: ReadonlyMap<string, readonly string[]> = new Map(),
): KerasModel {
  const topology = parseTopology(config);
  const layers = listLayers(topology);
  const weights = new Map(readLayerWeights(file, layers).map((own, i) => [layers[i]!, own]));
  const groups = new Map(nameLayerGroups(layers).map((group, i) => [layers[i]!, group]));
  return {
    version,
    topology: mapLayers(topology, (layer) => ({
      ...layer,
      weights: weights.get(layer) ?? [],
      vocabulary: vocabularies.get(groups.get(layer) ?? ''),
    })),
  };
}
