import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UnrollError } from '../errors.ts';

/**
 * Finds the folder of `name` or `name@version` in the models folder, by default of the last version.
 * @throws UnrollError model_not_found
 */
export async function findVersionFolder(models: string, reference: string): Promise<string> {
  const [name = '', version] = reference.split('@');
  const folder = join(models, basename(name));
  const versions = await readdir(folder).catch((): string[] => []);
  const numbers = versions.filter((one) => /^\d+$/.test(one)).map(Number);
  if (version === undefined ? numbers.length === 0 : !versions.includes(version))
    throw new UnrollError('model_not_found', `there is no ${reference} in ${models}`, { field: 'model' });
  return join(folder, version ?? String(Math.max(...numbers)));
}
