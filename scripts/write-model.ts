import { mkdirSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { writeSafetensors } from '../src/formats/safetensors.ts';
import { modelSpec } from '../src/network/spec.ts';
import type { Weights } from '../src/network/weights.ts';

/** Validates a model.json and writes a version folder that can be served. */
export function writeModel(
  folder: string,
  { model, weights }: { model: z.input<typeof modelSpec>; weights: Weights },
): void {
  const checked = modelSpec.safeParse(model);
  if (!checked.success) throw new Error(z.prettifyError(checked.error));
  const bytes = writeSafetensors(weights);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/model.json`, `${JSON.stringify(model, null, 2)}\n`);
  writeFileSync(`${folder}/weights.safetensors`, bytes);
  console.log(`wrote ${folder}: ${(bytes.length / 1e6).toFixed(2)} MB of weights`);
}
