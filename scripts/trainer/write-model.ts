import { mkdirSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { modelSpec, type ModelSpec } from '../../src/network/spec.ts';
import type { Weights } from '../../src/network/weights.ts';

export type ModelFile = z.input<typeof modelSpec>;

/** @throws Error that lists what is wrong with a model.json */
export function checkModel(model: ModelFile): ModelSpec {
  const checked = modelSpec.safeParse(model);
  if (!checked.success) throw new Error(z.prettifyError(checked.error));
  return checked.data;
}

export function writeModel(folder: string, model: ModelFile, weights: Weights): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/model.json`, `${JSON.stringify(model, null, 2)}\n`);
  writeFileSync(`${folder}/weights.safetensors`, writeSafetensors(weights));
  console.log(`wrote ${folder}`);
}

export const countNumbers = (weights: Weights): number =>
  [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
