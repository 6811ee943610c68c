import { join } from 'node:path';
import type { z } from 'zod';
import { UnrollError } from '../errors.ts';
import { mapArrays } from '../formats/map-arrays.ts';
import { resolveModelNetwork } from '../formats/resolve-model-network.ts';
import { toModelSpec, type ModelOverrides } from '../formats/model-spec-from-imported.ts';
import { graphSettings, type GraphSettings } from '../formats/onnx/graph-settings.ts';
import { isImportableJson, readImportedFile, type ImportedFile } from '../formats/read-imported.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import { modelSpec, type ModelSpec } from '../network/spec.ts';
import { weightSource } from '../network/weight-source.ts';
import type { Weights } from '../network/weights.ts';
import { checkModel } from './check-model.ts';
import { specFile, weightsFile } from '../model-files.ts';
import { readContainedFile, UnreadableFile } from './read-contained-file.ts';
import { readFolder } from './read-folder.ts';
import { createFolderFiles } from './folder-files.ts';

/** Limits on the files of a model folder, checked before they are read. */
const modelFolderLimits = {
  /** model.json: a million tokens of a vocabulary fit. */
  specBytes: 16 * 1024 * 1024,
  weightBytes: 2 * 1024 * 1024 * 1024,
} as const;

/** Files that have their network themselves, or can only be one. */
const foreignName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*\.(onnx|keras|h5|hdf5|pt|pth|safetensors|npz)$/i;

/** Of all that may be wrong in a model.json, this much is told. */
const toldIssues = 5;

/** A version's folder: its model.json, and a way to its weights. */
export interface ModelFolder {
  readonly spec: ModelSpec;
  /** @throws UnrollError invalid_weights, invalid_model where the two don't belong together */
  weights(): Promise<Weights>;
}

/**
 * Reads what a folder says of its model: model.json, or a file that others wrote and that has its network itself, which may be a
 * model.json of TensorFlow.js or Keras.
 * @throws UnrollError invalid_model, naming the fields by their paths; invalid_weights for a file that can't be read
 */
export async function readModelFolder(realRoot: string, folder: string, name: string): Promise<ModelFolder> {
  const said = await readSpecFile(realRoot, folder);
  // TensorFlow.js calls its own file so, too, and what Keras' to_json gives is often called so
  const theirs = said !== null && isImportableJson(said);
  const file = said === null ? await onlyForeignFile(folder) : theirs ? specFile : fileOf(said);
  if (said !== null && !theirs && (Object.hasOwn(said, 'network') || file === weightsFile)) {
    const { success, data: spec, error } = modelSpec.safeParse(said);
    if (!success) throw specError(error);
    return { spec, weights: () => readWeights(realRoot, folder, spec) };
  }
  const network = (await readForeignIn(realRoot, folder, file)).network(graphOf(said));
  const spec = toModelSpec(name, network, theirs ? {} : (said ?? {}));
  checkModel(spec, network.weights);
  return { spec, weights: () => Promise.resolve(network.weights) };
}

/** Null where there is none. */
async function readSpecFile(realRoot: string, folder: string): Promise<ModelOverrides | null> {
  const path = join(folder, specFile);
  const bytes = await readContainedFile(realRoot, path, modelFolderLimits.specBytes).catch(
    (error: unknown) =>
      error instanceof UnreadableFile && error.missing ? null : refuse('invalid_model', specFile, error),
  );
  if (bytes === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new UnrollError('invalid_model', `${specFile} is not JSON`, { cause: error });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as ModelOverrides;
  throw new UnrollError('invalid_model', `${specFile} is not a JSON object`);
}

/** What a model.json says of an ONNX graph. */
function graphOf(said: ModelOverrides | null): GraphSettings | undefined {
  return said?.['graph'] === undefined ? undefined : partOf(graphSettings, 'graph', said['graph']);
}

/** The file of weights that a model.json names. */
function fileOf({ weights }: ModelOverrides): string {
  if (weights === undefined) return weightsFile;
  return partOf(weightSource, 'weights', weights).file;
}

function partOf<T>(schema: z.ZodType<T>, name: string, part: unknown): T {
  const { success, data, error } = schema.safeParse(part);
  if (success) return data;
  const { path, message } = error.issues[0]!;
  const field = [name, ...path].join('.');
  throw new UnrollError('invalid_model', `${specFile}: ${field}: ${message}`, { field });
}

/** A folder without a model.json may hold one file that has its network itself. @throws UnrollError invalid_model */
async function onlyForeignFile(folder: string): Promise<string> {
  const files = (await readFolder(folder))
    .filter((name) => foreignName.test(name) && name !== weightsFile)
    .sort();
  const [file] = files;
  if (file !== undefined && files.length === 1) return file;
  throw new UnrollError(
    'invalid_model',
    files.length === 0
      ? `${specFile} is missing`
      : `${specFile} is missing, and must say which of ${files.slice(0, 5).join(', ')} it is`,
  );
}

/** Reads the weights of a network that model.json describes, and checks that the two belong together. */
async function readWeights(realRoot: string, folder: string, spec: ModelSpec): Promise<Weights> {
  const weights = spec.weights
    ? mapArrays(
        (await readForeignIn(realRoot, folder, spec.weights.file)).arrays,
        resolveModelNetwork(spec),
        spec.weights,
      ).weights
    : readSafetensors(await readFileOf(realRoot, folder, weightsFile));
  checkModel(spec, weights);
  return weights;
}

const readForeignIn = async (realRoot: string, folder: string, file: string): Promise<ImportedFile> =>
  readImportedFile(await readFileOf(realRoot, folder, file), {
    externalFiles: createFolderFiles(folder, modelFolderLimits.weightBytes),
  });

const readFileOf = (realRoot: string, folder: string, file: string): Promise<Uint8Array> =>
  readContainedFile(realRoot, join(folder, file), modelFolderLimits.weightBytes).catch((error: unknown) =>
    refuse('invalid_weights', file, error),
  );

function refuse(code: 'invalid_model' | 'invalid_weights', file: string, error: unknown): never {
  if (!(error instanceof UnreadableFile)) throw error;
  throw new UnrollError(code, `${file} ${error.message}`, { cause: error });
}

function specError(error: z.ZodError<ModelSpec>): UnrollError {
  const issues = error.issues.map(({ path, message }) => ({ path: path.join('.') || '(top)', message }));
  const told = issues.slice(0, toldIssues).map(({ path, message }) => `${path}: ${message}`);
  const more = issues.length > toldIssues ? `; and ${issues.length - toldIssues} more` : '';
  return new UnrollError('invalid_model', `${specFile}: ${told.join('; ')}${more}`, {
    field: issues[0]!.path,
    cause: error,
  });
}
