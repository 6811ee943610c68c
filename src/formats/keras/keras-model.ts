import type { KerasLayer, TensorSource } from './keras-layer.ts';
import type { Arrays } from '../arrays.ts';
import { parseJson } from '../parse-json.ts';
import { readExternalFiles, type ExternalFiles } from '../external-files.ts';
import { readZip } from '../zip.ts';
import { asConfig, asText } from './keras-config.ts';
import { readHdf5, type Hdf5 } from './hdf5.ts';
import { readLayerWeights } from './layer-weights.ts';
import { parseTopology, isModelClass } from './topology.ts';
import { invalidWeights } from '../format-errors.ts';

export interface KerasModel {
  readonly version: string;
  readonly layers: readonly KerasLayer[];
  readonly outputs: readonly TensorSource[];
}
/** Keras 3's zip: config.json, metadata.json, model.weights.h5. @throws UnrollError invalid_weights, invalid_model */
export async function readKerasZip(
  bytes: Uint8Array,
  hdf5TimeoutMs?: number,
): Promise<{ model: KerasModel; arrays: Arrays }> {
  const entries = readZip(bytes, (name) =>
    ['config.json', 'metadata.json', 'model.weights.h5'].includes(name),
  );
  const [config, weights] = [entries.get('config.json'), entries.get('model.weights.h5')];
  if (!config || !weights) return invalidWeights('the .keras file lacks config.json or model.weights.h5');
  const metadata = entries.get('metadata.json');
  const version = metadata
    ? (asText(asConfig(parseJson(metadata, 'metadata.json').value)['keras_version']) ?? '3')
    : '3';
  const file = await readHdf5(weights, hdf5TimeoutMs);
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
  isModelClass(asConfig(json)['class_name']) && Object.hasOwn(asConfig(json), 'config');

/** A network by itself, with its weights in the one HDF5 file beside it. @throws UnrollError invalid_weights, invalid_model */
export async function readKerasConfig(
  json: unknown,
  externalFiles: ExternalFiles,
  hdf5TimeoutMs?: number,
): Promise<{ model: KerasModel; arrays: Arrays }> {
  const files = (await externalFiles.list()).filter((name) => /\.(h5|hdf5)$/i.test(name));
  const [name] = files;
  if (name === undefined || files.length > 1)
    return invalidWeights(
      `describes a Keras network without its weights: one .h5 or .hdf5 file must stand beside it, there are ${files.length}`,
    );
  const file = await readHdf5((await readExternalFiles(externalFiles, [name])).get(name)!, hdf5TimeoutMs);
  const version = asText(asConfig(json)['keras_version']) ?? versionOf(file) ?? '3';
  return { model: modelOf(json, file, version), arrays: file.arrays };
}

/** Keras 1.0 says none. */
const versionOf = ({ attributes }: Hdf5): string | undefined =>
  asText(attributes.get('')?.get('keras_version') ?? attributes.get('model_weights')?.get('keras_version'));

function modelOf(config: unknown, file: Hdf5, version: string): KerasModel {
  const { layers, outputs } = parseTopology(config);
  const weights = readLayerWeights(file, layers);
  return { version, outputs, layers: layers.map((layer, i) => ({ ...layer, weights: weights[i]! })) };
}
