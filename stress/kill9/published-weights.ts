import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** SHA-256 of a version's weights. */
export const hashWeights = (models: string, model: string, version: number): string =>
  createHash('sha256')
    .update(readFileSync(join(models, model, String(version), 'weights.safetensors')))
    .digest('hex');

/** Everything in a model's folder: versions, and whatever else was left there. */
export const listModelFolder = (models: string, model: string): string[] =>
  existsSync(join(models, model)) ? readdirSync(join(models, model)).sort() : [];
