import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** SHA-256 of a version's weights. */
export const hashWeights = (models: string, model: string, version: number): string =>
  createHash('sha256')
    .update(readFileSync(join(models, model, String(version), 'weights.safetensors')))
    .digest('hex');

/** All names in a model's folder. */
export const listModelFolder = (models: string, model: string): string[] =>
  existsSync(join(models, model)) ? readdirSync(join(models, model)).sort() : [];
