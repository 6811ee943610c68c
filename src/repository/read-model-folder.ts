import { join } from 'node:path';
import { z } from 'zod';
import { UnrollError } from '../errors.ts';
import { listRoundingNotes, type Arrays } from '../formats/arrays.ts';
import { mapArrays } from '../formats/map-arrays.ts';
import { resolveModelNetwork } from '../formats/resolve-model-network.ts';
import { parseModelSpec, toModelSpec, type ModelOverrides } from '../formats/model-spec-from-imported.ts';
import type { ImportedNetwork } from '../formats/imported-network.ts';
import { foldSignedGraph } from '../formats/operators/fold-signed-graph.ts';
import { graphSettings, type GraphSettings } from '../formats/onnx/graph-settings.ts';
import { isImportableJson } from '../formats/importable-json.ts';
import type { ImportedFile } from '../formats/read-imported.ts';
import { detectFormat } from '../formats/detect.ts';
import { findUnreadFormat, refuseUnreadFormat } from '../formats/unread-formats.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import { precisions, type Precision } from '../kernel/precision.ts';
import type { ModelSpec } from '../network/spec.ts';
import { weightSource } from '../network/weight-source.ts';
import type { Weights } from '../network/weights.ts';
import type { ViewVerdicts } from '../formats/view-verdicts.ts';
import type { SignedGraph } from '../operators/signature.ts';
import type { TensorLookup } from '../vocabulary/tensor-lookup.ts';
import { checkModel } from './check-model.ts';
import { specFile, weightsFile } from '../model-files.ts';
import { readContainedFile, UnreadableFile } from './read-contained-file.ts';
import { findModelFile } from './find-model-file.ts';
import { createFolderFiles } from './folder-files.ts';

/** Limits on the files of a model folder, checked before they are read. */
const modelFolderLimits = {
  /** Of model.json: a vocabulary of a million tokens fits. */
  specBytes: 16 * 1024 * 1024,
  /** Of the weights, and of all external files together. */
  weightBytes: 2 * 1024 * 1024 * 1024,
} as const;

/** Fields of a model.json that say nothing about sequences. */
const tensorFields: ReadonlySet<string> = new Set(['schema', 'name', 'description', 'provenance', 'weights']);

/** A version's folder: what runs on sequences, what is evaluated as tensors, or both. */
export interface ModelFolder {
  /** Or why there is none, in a sentence. */
  readonly sequence: SequenceModel | string;
  /** The graph of an imported file, null where it has none. */
  readonly graph: SignedGraph | null;
  /** Inputs of the graph that are ids where the file has texts. */
  readonly lookups: readonly TensorLookup[];
  /** Of the import, for people. */
  readonly notes: readonly string[];
}

/** A model.json, and its weights, which are read on demand. */
export interface SequenceModel {
  readonly spec: ModelSpec;
  /** Whether its layers give the tensors of the file's graph. */
  readonly givesTensors: boolean;
  /**
   * @param note called with what is to be noted of them
   * @throws UnrollError invalid_weights, invalid_model where weights and network do not match
   */
  weights(note?: (text: string) => void): Promise<Weights>;
}

/**
 * Reads a folder's model.json. A folder may instead hold an imported file that contains its network: one of
 * TensorFlow.js or Keras may itself be called model.json; a model.json of ours beside an imported file
 * overrides fields of the imported model.
 * @param verdicts of imported files, which are added to
 * @param named an imported file, which is served without what is beside it
 * @throws UnrollError invalid_model, naming the fields by their paths; invalid_weights for a file that cannot
 * be read
 */
export async function readModelFolder(
  realRoot: string,
  folder: string,
  name: string,
  verdicts: ViewVerdicts = new Map(),
  named?: string,
): Promise<ModelFolder> {
  const json = named === undefined ? await readSpecFile(realRoot, folder) : null;
  // TensorFlow.js calls its topology file model.json, too, and so do many people that of Keras
  const isImported = json !== null && isImportableJson(json);
  const file =
    json === null
      ? (named ?? (await findModelFile(realRoot, folder)))
      : isImported
        ? specFile
        : getWeightsFile(json);
  if (json !== null && !isImported && (Object.hasOwn(json, 'network') || file === weightsFile)) {
    const spec = parseModelSpec(json);
    const weights: SequenceModel['weights'] = (note) => readWeights(realRoot, folder, spec, note);
    return { sequence: { spec, givesTensors: false, weights }, graph: null, lookups: [], notes: [] };
  }
  const overrides = isImported ? null : json;
  const imported = await importFile(realRoot, folder, file, verdicts);
  const graph = imported.graph && foldSignedGraph(imported.graph());
  const lookups = imported.lookups?.() ?? [];
  const settings = parseGraphSettings(overrides);
  const { notes } = imported;
  try {
    const network = imported.network(settings, parsePrecision(overrides));
    const sequence = toSequenceModel(name, network, overrides ?? {});
    return { sequence, graph, lookups, notes: [...network.notes, ...notes] };
  } catch (error) {
    // what the user asks for in model.json is done or refused, never passed over
    const asks = Object.keys(overrides ?? {}).some((field) => !tensorFields.has(field));
    if (!graph || asks || !(error instanceof UnrollError)) throw error;
    return { sequence: error.message, graph, lookups, notes };
  }
}

function toSequenceModel(name: string, network: ImportedNetwork, overrides: ModelOverrides): SequenceModel {
  const spec = toModelSpec(name, network, overrides);
  checkModel(spec, network.weights);
  const { inputs } = spec;
  const givesTensors =
    network.givesTensors === true &&
    spec.padding === undefined &&
    !(inputs.kind === 'text' && inputs.characters);
  return { spec, givesTensors, weights: () => Promise.resolve(network.weights) };
}

/** Reads model.json as a JSON object; null where there is none. */
async function readSpecFile(realRoot: string, folder: string): Promise<ModelOverrides | null> {
  const path = join(folder, specFile);
  const bytes = await readContainedFile(realRoot, path, modelFolderLimits.specBytes).catch(
    (error: unknown) =>
      error instanceof UnreadableFile && error.missing ? null : rethrowAs('invalid_model', specFile, error),
  );
  if (bytes === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const unread = bytes.length > 0 ? findUnreadFormat(bytes) : null;
    const what = unread ? `${unread.name}: ${unread.advice}` : 'not JSON';
    throw new UnrollError('invalid_model', `${specFile} is ${what}`, { cause: error });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as ModelOverrides;
  throw new UnrollError('invalid_model', `${specFile} is not a JSON object`);
}

/** Parses the field `graph` of a model.json: settings for an ONNX graph. */
function parseGraphSettings(spec: ModelOverrides | null): GraphSettings | undefined {
  return spec?.['graph'] === undefined ? undefined : parseField(graphSettings, 'graph', spec['graph']);
}

const parsePrecision = (spec: ModelOverrides | null): Precision | undefined =>
  spec?.['precision'] === undefined
    ? undefined
    : parseField(z.enum(precisions), 'precision', spec['precision']);

/** The weights file that a model.json names. */
function getWeightsFile({ weights }: ModelOverrides): string {
  if (weights === undefined) return weightsFile;
  return parseField(weightSource, 'weights', weights).file;
}

function parseField<T>(schema: z.ZodType<T>, name: string, value: unknown): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const { path, message } = error.issues[0]!;
  const field = [name, ...path].join('.');
  throw new UnrollError('invalid_model', `${specFile}: ${field}: ${message}`, { field });
}

/** Reads the weights of a network that model.json describes, and checks that they match it. */
async function readWeights(
  realRoot: string,
  folder: string,
  spec: ModelSpec,
  note?: (text: string) => void,
): Promise<Weights> {
  const arrays = spec.weights
    ? (await importFile(realRoot, folder, spec.weights.file)).arrays
    : await readOwnWeights(realRoot, folder);
  const weights = spec.weights ? mapArrays(arrays, resolveModelNetwork(spec), spec.weights).weights : arrays;
  for (const text of listRoundingNotes(arrays)) note?.(text);
  checkModel(spec, weights);
  return weights;
}

/** Reads weights.safetensors. Whole numbers beside the weights, such as counters, are left out: no layer has any. */
async function readOwnWeights(realRoot: string, folder: string): Promise<Arrays> {
  const bytes = await readWeightsFile(realRoot, folder, weightsFile);
  if (detectFormat(bytes) !== 'safetensors') refuseUnreadFormat(bytes);
  return new Map([...readSafetensors(bytes)].filter(([, { integer }]) => !integer));
}

async function importFile(
  realRoot: string,
  folder: string,
  file: string,
  verdicts: ViewVerdicts = new Map(),
): Promise<ImportedFile> {
  const bytes = await readWeightsFile(realRoot, folder, file);
  // half of what this thread would import when a server starts, and no model of ours needs it
  const { readImportedFile } = await import('../formats/read-imported.ts');
  return readImportedFile(bytes, {
    externalFiles: createFolderFiles(folder, modelFolderLimits.weightBytes),
    verdicts,
  });
}

const readWeightsFile = (realRoot: string, folder: string, file: string): Promise<Uint8Array> =>
  readContainedFile(realRoot, join(folder, file), modelFolderLimits.weightBytes).catch((error: unknown) =>
    rethrowAs('invalid_weights', file, error),
  );

/** Throws an unreadable file as an UnrollError; other errors as they are. */
function rethrowAs(code: 'invalid_model' | 'invalid_weights', file: string, error: unknown): never {
  if (!(error instanceof UnreadableFile)) throw error;
  throw new UnrollError(code, `${file} ${error.message}`, { cause: error });
}
