import type { Arrays } from '../arrays.ts';
import { asConfig, asText } from '../keras/keras-config.ts';
import type { KerasModel } from '../keras/keras-model.ts';
import { listLayers, mapLayers, parseTopology } from '../keras/topology.ts';
import type { ExternalFiles } from '../external-files.ts';
import { readWeightsManifest, groupWeightsByLayer } from './weights-manifest.ts';
import { invalidWeights, quote } from '../format-errors.ts';

// TensorFlow.js's layers format: model.json with modelTopology, a Keras config, and weightsManifest, which
// names the files with the weights.

/**
 * Reads a TensorFlow.js layers model.
 * @returns a null model when the file has no topology
 * @throws UnrollError invalid_weights, invalid_model
 */
export async function readTfjs(
  json: unknown,
  externalFiles: ExternalFiles,
): Promise<{ model: KerasModel | null; arrays: Arrays }> {
  const { format, modelTopology, weightsManifest } = asConfig(json);
  if (format !== undefined && format !== 'layers-model')
    invalidWeights(`a TensorFlow.js file of format ${quote(format)}, must be "layers-model"`);
  const topology = asConfig(modelTopology);
  // modelTopology is the Keras config, or has it in the field model_config as in HDF5
  const parsed =
    modelTopology === undefined || modelTopology === null
      ? null
      : parseTopology(topology['model_config'] ?? topology);
  const arrays = await readWeightsManifest(weightsManifest, externalFiles);
  if (!parsed) return { model: null, arrays };
  const byLayer = groupWeightsByLayer(
    arrays,
    listLayers(parsed).map(({ name }) => name),
  );
  return {
    model: {
      version: asText(topology['keras_version']) ?? 'TensorFlow.js',
      tfjs: true,
      topology: mapLayers(parsed, (layer) => ({ ...layer, weights: byLayer.get(layer.name) ?? [] })),
    },
    arrays,
  };
}
