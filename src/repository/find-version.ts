import { UnrollError } from '../errors.ts';
import { defaultAlias } from '../model-files.ts';
import type { AliasIndex } from './alias-index.ts';
import { parseReference } from './model-reference.ts';
import { describeMissing, type SkippedPath } from './skipped-paths.ts';
import type { UnloadedModels } from './unloaded-models.ts';
import type { VersionEntry } from './version-entry.ts';
import type { VersionIndex } from './version-index.ts';

export interface VersionFinder {
  /**
   * Finds the version that a reference names: its version, or the one that its alias points at. Until the default is set, a
   * name refers to the highest version that is ready, else to the highest.
   * @throws UnrollError invalid_model_name, model_not_found, alias_not_found, model_not_ready
   */
  one(reference: string): VersionEntry;
  /** The same, but a name alone names all its versions, the highest first. */
  all(reference: string): readonly [VersionEntry, ...VersionEntry[]];
  /** The version that an alias serves now; null where it serves none. */
  serving(name: string, alias: string): number | null;
}

export function createVersionFinder({
  versions,
  aliases,
  unloadedModels,
  skipped,
}: {
  readonly versions: VersionIndex<VersionEntry>;
  readonly aliases: AliasIndex;
  readonly unloadedModels: UnloadedModels;
  /** What the last scan skipped. */
  readonly skipped: () => readonly SkippedPath[];
}): VersionFinder {
  /** All versions of a model. @throws UnrollError model_not_found */
  function ofModel(name: string): readonly [VersionEntry, ...VersionEntry[]] {
    const [highest, ...others] = versions.ofModel(name);
    if (highest) return [highest, ...others];
    throw new UnrollError('model_not_found', describeMissing(name, skipped()), { field: 'model' });
  }

  function atVersion(name: string, version: number): VersionEntry {
    const found = ofModel(name).find((one) => one.found.version === version);
    if (found) return found;
    throw new UnrollError('model_not_found', `model ${name} has no version ${version}`, { field: 'model' });
  }

  function atAlias(name: string, alias: string): VersionEntry {
    const all = ofModel(name);
    const target = aliases.target(name, alias);
    if (target === null) {
      if (alias === defaultAlias) return all.find(({ loaded }) => loaded !== null) ?? all[0];
      throw new UnrollError('alias_not_found', `model ${name} has no alias ${alias}`, { field: 'model' });
    }
    const entry = all.find(({ found }) => found.version === target);
    if (entry?.loaded) {
      aliases.arrived(name, alias);
      return entry;
    }
    const before = entry && unloadedModels.has(entry.found) ? null : aliases.before(name, alias);
    const previous = before === null ? null : all.find(({ found }) => found.version === before);
    if (previous?.loaded) return previous;
    if (entry) return entry;
    throw new UnrollError(
      'model_not_ready',
      `the alias ${alias} of model ${name} points at version ${target}, which is not in its folder`,
    );
  }

  return {
    one(reference) {
      const { name, version, alias = defaultAlias } = parseReference(reference);
      return version === null ? atAlias(name, alias) : atVersion(name, version);
    },
    all(reference) {
      const { name, version, alias } = parseReference(reference);
      if (version !== null) return [atVersion(name, version)];
      return alias === undefined ? ofModel(name) : [atAlias(name, alias)];
    },
    serving(name, alias) {
      try {
        const { loaded, found } = atAlias(name, alias);
        return loaded ? found.version : null;
      } catch (error) {
        if (error instanceof UnrollError) return null;
        throw error;
      }
    },
  };
}
