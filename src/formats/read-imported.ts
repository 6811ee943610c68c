import { UnrollError } from '../errors.ts';
import type { Arrays } from './arrays.ts';
import { detectFormat } from './detect.ts';
import type { ImportedNetwork } from './imported-network.ts';
import { readHdf5 } from './keras/hdf5.ts';
import {
  isKerasConfig,
  readKerasConfig,
  readKerasHdf5,
  readKerasZip,
  type KerasModel,
} from './keras/keras-model.ts';
import { kerasToNetwork } from './keras/keras-to-network.ts';
import { readNpy } from './numpy/npy.ts';
import { readNpz } from './numpy/npz.ts';
import { onnxToNetwork } from './onnx/onnx-to-network.ts';
import type { GraphSettings } from './onnx/graph-settings.ts';
import { findExternalLocations } from './onnx/external-data.ts';
import { readOnnx } from './onnx/read-onnx.ts';
import { stateDictToNetwork } from './pytorch/state-dict-to-network.ts';
import { readPytorchLegacy, readPytorchZip } from './pytorch/read-pytorch.ts';
import { readSafetensors } from './safetensors.ts';
import { parseJson } from './parse-json.ts';
import { noExternalFiles, readExternalFiles, type ExternalFiles } from './external-files.ts';
import { isTfjs, readTfjs } from './tfjs/read-tfjs.ts';
import { listZipEntries } from './zip.ts';
import { invalidWeights } from './format-errors.ts';

/** A file that others wrote, told by its content. */
export interface ImportedFile {
  /** As people call it. */
  readonly format: string;
  /** Its arrays by the names they have there. */
  readonly arrays: Arrays;
  /**
   * The network it holds, or that its arrays can only be.
   * @param graph what a model.json says of an ONNX graph
   * @throws UnrollError invalid_model, invalid_weights, saying what is missing
   */
  network(graph?: GraphSettings): ImportedNetwork;
}

/**
 * @param how.externalFiles the files beside it, where it stands in a folder
 * @param options.hdf5TimeoutMs what HDF5 may take, in proportion to its size where it isn't said
 * @throws UnrollError invalid_weights
 */
export async function readImportedFile(
  bytes: Uint8Array,
  options: { readonly externalFiles?: ExternalFiles; readonly hdf5TimeoutMs?: number } = {},
): Promise<ImportedFile> {
  const { externalFiles = noExternalFiles } = options;
  switch (detectFormat(bytes)) {
    case 'safetensors':
      return stateDict('safetensors', readSafetensors(bytes));
    case 'npy':
      return stateDict('npy', new Map([['array', readNpy(bytes, 'the file')]]));
    case 'pickle':
      return stateDict('PyTorch (before 1.6)', readPytorchLegacy(bytes));
    case 'hdf5': {
      const file = await readHdf5(bytes, options.hdf5TimeoutMs);
      const model = readKerasHdf5(file);
      return model ? keras('Keras HDF5', file.arrays, model) : arraysAlone('HDF5 weights', file.arrays);
    }
    case 'onnx': {
      const model = readOnnx(bytes, await readExternalFiles(externalFiles, findExternalLocations(bytes)));
      return { format: 'ONNX', arrays: model.initializers, network: (graph) => onnxToNetwork(model, graph) };
    }
    case 'zip':
      return readZipOf(bytes, options.hdf5TimeoutMs);
    case 'json':
      return readJsonOf(
        parseJson(bytes, 'what begins like JSON').value,
        externalFiles,
        options.hdf5TimeoutMs,
      );
    case null:
      return invalidWeights('is neither ONNX, Keras, TensorFlow.js, HDF5, PyTorch, safetensors, npz nor npy');
  }
}

/** Whether JSON is a description of a network that others write: a model.json of ours is none. */
export const isImportableJson = (json: unknown): boolean =>
  (isTfjs(json) || isKerasConfig(json)) && !Object.hasOwn(json as object, 'schema');

async function readJsonOf(
  json: unknown,
  externalFiles: ExternalFiles,
  hdf5TimeoutMs: number | undefined,
): Promise<ImportedFile> {
  if (!isImportableJson(json))
    return invalidWeights('is JSON, but neither TensorFlow.js’s nor a network that Keras describes');
  if (isTfjs(json)) {
    const { model, arrays } = await readTfjs(json, externalFiles);
    return model ? keras('TensorFlow.js', arrays, model) : arraysAlone('TensorFlow.js weights', arrays);
  }
  const { model, arrays } = await readKerasConfig(json, externalFiles, hdf5TimeoutMs);
  return keras('Keras JSON and HDF5', arrays, model);
}

async function readZipOf(bytes: Uint8Array, hdf5TimeoutMs: number | undefined): Promise<ImportedFile> {
  const names = listZipEntries(bytes);
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (has(/(^|\/)data\.pkl$/))
    return stateDict(has(/(^|\/)constants\.pkl$/) ? 'TorchScript' : 'PyTorch', readPytorchZip(bytes));
  if (has(/^config\.json$/) && has(/^model\.weights\.h5$/)) {
    const { model, arrays } = await readKerasZip(bytes, hdf5TimeoutMs);
    return keras('Keras', arrays, model);
  }
  if (has(/\.npy$/)) return stateDict('npz', readNpz(bytes));
  return invalidWeights(
    'is a zip with neither data.pkl (PyTorch), config.json and model.weights.h5 (Keras) nor .npy files (numpy)',
  );
}

const stateDict = (format: string, arrays: Arrays): ImportedFile => ({
  format,
  arrays,
  network: () => stateDictToNetwork(arrays),
});
const keras = (format: string, arrays: Arrays, model: KerasModel): ImportedFile => ({
  format: `${format} ${model.version}`,
  arrays,
  network: () => kerasToNetwork(model),
});
const arraysAlone = (format: string, arrays: Arrays): ImportedFile => ({
  format,
  arrays,
  network() {
    throw new UnrollError(
      'invalid_model',
      'the file holds weights without a network: describe it in model.json',
    );
  },
});
