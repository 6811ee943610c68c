import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnrollError } from '../../errors.ts';
import { readSafetensors } from '../../formats/safetensors.ts';
import { specFile, weightsFile } from '../../model-files.ts';
import { modelSpec, type ModelSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';

/** Reads a model whose training goes on, or that is measured. @throws UnrollError invalid_model; errors of the file system */
export async function readBase(folder: string): Promise<{ model: ModelSpec; weights: Weights }> {
  const json: unknown = JSON.parse(await readFile(join(folder, specFile), 'utf8'));
  const parsed = modelSpec.safeParse(json);
  if (!parsed.success)
    throw new UnrollError('invalid_model', `base: its model.json cannot be read: ${parsed.error.message}`, {
      field: 'base',
    });
  return {
    model: parsed.data,
    weights: readSafetensors(await readFile(join(folder, weightsFile))),
  };
}
