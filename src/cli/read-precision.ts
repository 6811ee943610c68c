import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { precisions, type Precision } from '../kernel/precision.ts';
import { specFile } from '../model-files.ts';

/** The precision that a model.json beside a file sets; null where it sets none, or float32. */
export async function readPrecision(path: string): Promise<Precision | null> {
  try {
    const spec: unknown = JSON.parse(await readFile(join(dirname(path), specFile), 'utf8'));
    const given = typeof spec === 'object' && spec !== null && 'precision' in spec ? spec.precision : null;
    return precisions.find((one) => one === given && one !== 'float32') ?? null;
  } catch {
    // none, or none of ours
    return null;
  }
}
