import { UnrollError } from '../errors.ts';
import { listRoundingNotes, type Arrays } from './arrays.ts';
import { detectFormat } from './detect.ts';
import { isImportableJson, isTfjs } from './importable-json.ts';
import type { ImportedNetwork } from './imported-network.ts';
import { readHdf5 } from './keras/hdf5.ts';
import { readKerasConfig, readKerasHdf5, readKerasZip, type KerasModel } from './keras/keras-model.ts';
import { convertModel, type ConvertedModel } from './keras/convert-model.ts';
import { kerasToNetwork } from './keras/keras-to-network.ts';
import { kerasToSignedGraph } from './keras/keras-to-signed-graph.ts';
import { readNpy } from './numpy/npy.ts';
import { readNpz } from './numpy/npz.ts';
import type { TensorLookup } from '../vocabulary/tensor-lookup.ts';
import type { SignedGraph } from '../operators/signature.ts';
import { onnxToNetwork } from './onnx/onnx-to-network.ts';
import { onnxToSignedGraph } from './onnx/onnx-to-signed-graph.ts';
import type { GraphSettings } from './onnx/graph-settings.ts';
import { findExternalLocations } from './onnx/external-data.ts';
import { readOnnx } from './onnx/read-onnx.ts';
import { foldWeightNorm } from './pytorch/fold-weight-norm.ts';
import { stateDictToNetwork } from './pytorch/state-dict-to-network.ts';
import { readPytorchLegacy, readPytorchZip } from './pytorch/read-pytorch.ts';
import { readSafetensors } from './safetensors.ts';
import { parseJson } from './parse-json.ts';
import { noExternalFiles, readExternalFiles, type ExternalFiles } from './external-files.ts';
import { verdictKey, withVerdict, type ViewVerdicts } from './view-verdicts.ts';
import { readTfjs } from './tfjs/read-tfjs.ts';
import { readArchive } from './torchscript/archive.ts';
import { torchscriptToGraph } from './torchscript/torchscript-to-graph.ts';
import type { Precision } from '../kernel/precision.ts';
import { torchscriptToNetwork } from './torchscript/torchscript-to-network.ts';
import { listZipEntries } from './zip.ts';
import { invalidWeights } from './format-errors.ts';
import { refuseUnreadFormat } from './unread-formats.ts';

/** A file of another library, whose format is detected from its content. */
export interface ImportedFile {
  /** The format's name for people, with its version where there is one. */
  readonly format: string;
  /** Its arrays by their names in the file. */
  readonly arrays: Arrays;
  /** Notes on its numbers, for the person who imports it. */
  readonly notes: readonly string[];
  /**
   * Converts its network; a file of arrays alone is converted when they can only be one network.
   * @param graph settings for a graph of ONNX or TorchScript from a model.json
   * @param precision of the weights, from there too
   * @throws UnrollError invalid_model, invalid_weights with what is missing
   */
  network(graph?: GraphSettings, precision?: Precision): ImportedNetwork;
  /**
   * Converts its graph as it is, with its inputs and outputs; null where the format's files have none.
   * @throws UnrollError invalid_model with what is unsupported
   */
  readonly graph: (() => SignedGraph) | null;
  /** Inputs of the graph that are ids where the file has texts. @throws UnrollError as `graph` does */
  readonly lookups?: () => readonly TensorLookup[];
}

/**
 * Reads a file of any supported format.
 * @param options.externalFiles the files in its folder
 * @param options.hdf5TimeoutMs time limit for HDF5, by default in proportion to the file's size
 * @param options.verdicts of files verified before; those of this file are added
 * @throws UnrollError invalid_weights
 */
export async function readImportedFile(bytes: Uint8Array, options: ReadOptions = {}): Promise<ImportedFile> {
  const file = await readFile(bytes, options);
  return { ...file, notes: listRoundingNotes(file.arrays) };
}

interface ReadOptions {
  readonly externalFiles?: ExternalFiles;
  readonly hdf5TimeoutMs?: number;
  readonly verdicts?: ViewVerdicts;
}
type ReadFile = Omit<ImportedFile, 'notes'>;

async function readFile(bytes: Uint8Array, options: ReadOptions): Promise<ReadFile> {
  const { externalFiles = noExternalFiles, verdicts = new Map() } = options;
  const format = detectFormat(bytes);
  if (format === null || format === 'json') refuseUnreadFormat(bytes);
  switch (format) {
    case 'safetensors':
      return stateDict('safetensors', readSafetensors(bytes));
    case 'npy':
      return stateDict('npy', new Map([['array', readNpy(bytes, 'the file')]]));
    case 'pickle':
      return stateDict('PyTorch (before 1.6)', readPytorchLegacy(bytes));
    case 'hdf5': {
      const file = await readHdf5(bytes, options.hdf5TimeoutMs);
      const model = readKerasHdf5(file);
      return model
        ? keras('Keras HDF5', file.arrays, model, { verdicts, parts: [bytes] })
        : weightsOnly('HDF5 weights', file.arrays);
    }
    case 'onnx': {
      const external = await readExternalFiles(externalFiles, findExternalLocations(bytes));
      const model = readOnnx(bytes, external);
      const parts = [bytes, ...external.values()];
      return {
        format: 'ONNX',
        arrays: model.initializers,
        network: (settings, precision) =>
          withVerdict(verdicts, verdictKey(parts, { settings, precision }), (known) =>
            onnxToNetwork(model, settings, known, precision),
          ),
        graph: () => onnxToSignedGraph(model),
      };
    }
    case 'zip':
      return readZipFile(bytes, verdicts, options.hdf5TimeoutMs);
    case 'json':
      return readJsonFile(bytes, externalFiles, verdicts, options.hdf5TimeoutMs);
    case null:
      return invalidWeights(
        'the file is not ONNX, Keras, TensorFlow.js, HDF5, PyTorch, safetensors, npz or npy',
      );
  }
}

async function readJsonFile(
  bytes: Uint8Array,
  externalFiles: ExternalFiles,
  verdicts: ViewVerdicts,
  hdf5TimeoutMs: number | undefined,
): Promise<ReadFile> {
  const json = parseJson(bytes, 'the JSON file').value;
  if (!isImportableJson(json))
    return invalidWeights('the JSON file is not a network of TensorFlow.js or Keras');
  const parts = [bytes];
  const files: ExternalFiles = {
    ...externalFiles,
    async read(name) {
      const file = await externalFiles.read(name);
      parts.push(Buffer.from(name), file);
      return file;
    },
  };
  if (isTfjs(json)) {
    const { model, arrays } = await readTfjs(json, files);
    return model
      ? keras('TensorFlow.js', arrays, model, { verdicts, parts })
      : weightsOnly('TensorFlow.js weights', arrays);
  }
  const { model, arrays } = await readKerasConfig(json, files, hdf5TimeoutMs);
  return keras('Keras JSON and HDF5', arrays, model, { verdicts, parts });
}

async function readZipFile(
  bytes: Uint8Array,
  verdicts: ViewVerdicts,
  hdf5TimeoutMs: number | undefined,
): Promise<ReadFile> {
  const names = listZipEntries(bytes);
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (has(/(^|\/)constants\.pkl$/))
    return {
      format: 'TorchScript',
      arrays: readPytorchZip(bytes),
      network: (settings) =>
        withVerdict(verdicts, verdictKey([bytes], settings ?? {}), (known) =>
          torchscriptToNetwork(readArchive(bytes), settings, known),
        ),
      graph: () => torchscriptToGraph(readArchive(bytes), { set: {}, shapes: {} }),
    };
  if (has(/(^|\/)data\.pkl$/)) return stateDict('PyTorch', readPytorchZip(bytes));
  if (has(/^config\.json$/) && has(/^model\.weights\.h5$/)) {
    const { model, arrays } = await readKerasZip(bytes, hdf5TimeoutMs);
    return keras('Keras', arrays, model, { verdicts, parts: [bytes] });
  }
  if (has(/\.npy$/)) return stateDict('npz', readNpz(bytes));
  return invalidWeights(
    'the zip has no data.pkl (PyTorch), no config.json and model.weights.h5 (Keras) and no .npy files (NumPy)',
  );
}

function stateDict(format: string, read: Arrays): ReadFile {
  const arrays = foldWeightNorm(read);
  return { format, arrays, network: () => stateDictToNetwork(arrays), graph: null };
}

function keras(
  format: string,
  arrays: Arrays,
  model: KerasModel,
  { verdicts, parts }: { readonly verdicts: ViewVerdicts; readonly parts: readonly Uint8Array[] },
): ReadFile {
  let converted: ConvertedModel | null = null;
  const convert = (): ConvertedModel => (converted ??= convertModel(model));
  return {
    format: `${format} ${model.version}`,
    arrays,
    network: (settings) =>
      kerasToNetwork(model, convert(), settings, {
        verdicts,
        key: (masks) => verdictKey(parts, { ...settings, masks }),
      }),
    graph: () => kerasToSignedGraph(convert()),
    lookups: () => [...convert().lookups.values()],
  };
}
const weightsOnly = (format: string, arrays: Arrays): ReadFile => ({
  format,
  arrays,
  graph: null,
  network() {
    throw new UnrollError(
      'invalid_model',
      'the file has weights but no network: describe the network in model.json',
    );
  },
});
