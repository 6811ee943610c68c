import { randomBytes } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UnrollError } from '../errors.ts';
import {
  readAliasesToChange,
  maxAliases,
  withAlias,
  writeAliases,
  type ModelAliases,
} from './aliases-file.ts';
import { withFolderLock } from './folder-lock.ts';

// Changes of a model's folder that other servers see: its aliases, and the removal of versions.

/** A model's folder, and the real path of the models folder that it is in. */
export interface ModelHome {
  readonly realRoot: string;
  readonly name: string;
}

const toPath = ({ realRoot, name }: ModelHome): string => join(realRoot, name);

/**
 * Points an alias at a version, or with null at none.
 * @param folder of the version, which must exist
 * @returns the aliases, and the version that it pointed at before
 * @throws UnrollError alias_not_found, model_not_found, models_read_only, disk_full, in_use
 */
export function setAlias(
  home: ModelHome,
  alias: string,
  to: { readonly version: number; readonly folder: string } | null,
): Promise<{ readonly aliases: ModelAliases; readonly previous: number | null }> {
  const path = toPath(home);
  return withFolderLock(path, async () => {
    const before = await readAliasesToChange(home.realRoot, path);
    const previous = before.versions.get(alias) ?? null;
    if (to === null && previous === null)
      throw new UnrollError('alias_not_found', `model ${home.name} has no alias ${alias}`, {
        field: 'alias',
      });
    if (to !== null && !(await stat(to.folder).catch(() => null)))
      throw new UnrollError('model_not_found', `model ${home.name} has no version ${to.version}`, {
        field: 'version',
      });
    const aliases = withAlias(before, alias, to?.version ?? null);
    if (aliases.versions.size > maxAliases)
      throw new UnrollError(
        'invalid_request',
        `alias: model ${home.name} has ${maxAliases} aliases, the limit`,
        {
          field: 'alias',
        },
      );
    if (previous !== (to?.version ?? null)) await writeAliases(path, aliases);
    return { aliases, previous };
  });
}

/**
 * Removes a version that no alias points at. Its number is not given again.
 * @throws UnrollError in_use naming the alias; model_not_found, models_read_only, disk_full
 */
export function removeVersion(
  home: ModelHome,
  { version, folder }: { readonly version: number; readonly folder: string },
): Promise<ModelAliases> {
  const path = toPath(home);
  return withFolderLock(path, async () => {
    const before = await readAliasesToChange(home.realRoot, path);
    for (const [alias, target] of before.versions)
      if (target === version)
        throw new UnrollError(
          'in_use',
          `version: the alias ${alias} of model ${home.name} points at version ${version}; set it to another one first`,
          { field: 'version' },
        );
    const aliases = { ...before, lastVersion: Math.max(before.lastVersion, version) };
    // first, so that the number is never given again
    await writeAliases(path, aliases);
    await removeFolder(folder, path);
    return aliases;
  });
}

/** Removes a model with all its versions and aliases. @throws UnrollError models_read_only */
export const removeModel = (home: ModelHome): Promise<void> =>
  withFolderLock(toPath(home), () => removeFolder(toPath(home), home.realRoot));

/** Removes a folder, which is hidden from every server at once. */
async function removeFolder(folder: string, parent: string): Promise<void> {
  const hidden = join(parent, `.deleted.${randomBytes(6).toString('hex')}`);
  try {
    await rename(folder, hidden);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new UnrollError('model_not_found', 'it has been deleted by others', { cause: error });
  }
  await rm(hidden, { recursive: true, force: true });
}
