import type { Arrays } from '../arrays.ts';
import { asConfig, asText } from '../keras/keras-config.ts';
import type { KerasModel } from '../keras/keras-model.ts';
import { parseTopology } from '../keras/topology.ts';
import type { ExternalFiles } from '../external-files.ts';
import { readWeightsManifest, groupWeightsByLayer } from './weights-manifest.ts';
import { invalidWeights, quote } from '../format-errors.ts';

// TensorFlow.js's layers format: model.json with modelTopology, which is Keras's config, and weightsManifest, which names the files
// that hold the numbers.

/** Whether JSON is TensorFlow.js's rather than a model.json of ours. */
export const isTfjs = (json: unknown): boolean =>
  ['modelTopology', 'weightsManifest'].some((field) => Object.hasOwn(asConfig(json), field));

/**
 * @returns no model where the topology is left out
 * @throws UnrollError invalid_weights, invalid_model
 */
export async function readTfjs(
  json: unknown,
  externalFiles: ExternalFiles,
): Promise<{ model: KerasModel | null; arrays: Arrays }> {
  const { format, modelTopology, weightsManifest } = asConfig(json);
  if (format !== undefined && format !== 'layers-model')
    invalidWeights(`a TensorFlow.js file of the format ${quote(format)}, must be "layers-model"`);
  const topology = asConfig(modelTopology);
  // the Keras config itself, or beside what Keras adds to it in HDF5
  const drafts =
    modelTopology === undefined || modelTopology === null
      ? null
      : parseTopology(topology['model_config'] ?? topology);
  const arrays = await readWeightsManifest(weightsManifest, externalFiles);
  if (!drafts) return { model: null, arrays };
  const byLayer = groupWeightsByLayer(
    arrays,
    drafts.layers.map(({ name }) => name),
  );
  return {
    model: {
      version: asText(topology['keras_version']) ?? 'TensorFlow.js',
      outputs: drafts.outputs,
      layers: drafts.layers.map((draft) => ({ ...draft, weights: byLayer.get(draft.name) ?? [] })),
    },
    arrays,
  };
}
