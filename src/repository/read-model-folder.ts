import { join } from 'node:path';
import type { z } from 'zod';
import { UnrollError } from '../errors.ts';
import { mapArrays } from '../formats/map-arrays.ts';
import { networkOf } from '../formats/network-of.ts';
import { readArrays } from '../formats/read-arrays.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import { modelSpec, type ModelSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';
import { checkModel } from './check-model.ts';
import { readContainedFile, UnreadableFile } from './read-contained-file.ts';

/** Limits on the files of a model folder, checked before they are read. */
const modelFolderLimits = {
  /** model.json: a million tokens of a vocabulary fit. */
  specBytes: 16 * 1024 * 1024,
  weightBytes: 2 * 1024 * 1024 * 1024,
} as const;

export const specFile = 'model.json';
export const weightsFile = 'weights.safetensors';

/** Of all that may be wrong in a model.json, this much is told. */
const toldIssues = 5;

/** Reads `<folder>/model.json`. @throws UnrollError invalid_model, naming the fields by their paths */
export async function readModelSpec(realRoot: string, folder: string): Promise<ModelSpec> {
  const bytes = await readContainedFile(realRoot, join(folder, specFile), modelFolderLimits.specBytes).catch(
    (error: unknown) => refuse('invalid_model', specFile, error),
  );
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new UnrollError('invalid_model', `${specFile} is not JSON`, { cause: error });
  }
  const { success, data, error } = modelSpec.safeParse(json);
  if (!success) throw specError(error);
  return data;
}

/** Reads the weights beside a model.json and checks that the two belong together. @throws UnrollError invalid_weights, invalid_model */
export async function readModelWeights(realRoot: string, folder: string, spec: ModelSpec): Promise<Weights> {
  const file = spec.weights?.file ?? weightsFile;
  const bytes = await readContainedFile(realRoot, join(folder, file), modelFolderLimits.weightBytes).catch(
    (error: unknown) => refuse('invalid_weights', file, error),
  );
  const weights = spec.weights
    ? mapArrays(readArrays(bytes).arrays, networkOf(spec), spec.weights).weights
    : readSafetensors(bytes);
  checkModel(spec, weights);
  return weights;
}

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
