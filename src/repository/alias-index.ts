import { UnrollError } from '../errors.ts';
import { aliasesFile, defaultAlias } from '../model-files.ts';
import { noAliases, type ModelAliases } from './aliases-file.ts';
import type { FoundAliases, Scan } from './scan-models.ts';

/** The aliases of all models, as the last scan, or a change by this server, found them. */
export interface AliasIndex {
  /** The aliases of a model; none for an unknown name. */
  of(name: string): ModelAliases;
  /**
   * The version that an alias points at; null where it is not set.
   * @throws UnrollError model_not_ready where the aliases cannot be read and were not read before
   */
  target(name: string, alias: string): number | null;
  /**
   * The version that an alias has served before its present one, as long as that has not been loaded; else null. Another
   * server's change may be seen before its version is loaded here.
   */
  before(name: string, alias: string): number | null;
  /** The present version has been loaded: the one before is not served any more. */
  arrived(name: string, alias: string): void;
  /** To be called before a scan. @returns what `apply` takes with what it found */
  beginScan(): number;
  apply(found: Scan['aliases'], scan: number): void;
  /** Sets what this server has written. A scan that began earlier does not undo it. */
  set(name: string, aliases: ModelAliases): void;
}

/** @param serving the version that an alias serves now; null for none */
export function createAliasIndex(serving: (name: string, alias: string) => number | null): AliasIndex {
  const models = new Map<string, FoundAliases>();
  const before = new Map<string, number>();
  /** By name, the number of the last change by this server. */
  const changes = new Map<string, number>();
  let lastChange = 0;
  const toKey = (name: string, alias: string): string => `${name}@${alias}`;

  const read = (name: string): ModelAliases => {
    const found = models.get(name);
    return found && 'versions' in found ? found : noAliases;
  };

  function replace(name: string, next: FoundAliases | undefined): void {
    const known = models.get(name);
    if (next && 'unreadable' in next) {
      // those read before stay valid
      if (!known || 'unreadable' in known) models.set(name, next);
      return;
    }
    const [from, to] = [read(name).versions, next?.versions ?? noAliases.versions];
    for (const alias of new Set([...from.keys(), ...to.keys()])) {
      const target = to.get(alias);
      if (target === from.get(alias)) continue;
      const key = toKey(name, alias);
      const now = target === undefined ? null : serving(name, alias);
      if (now === null || now === target) before.delete(key);
      else before.set(key, now);
    }
    if (next) models.set(name, next);
    else models.delete(name);
  }

  return {
    of: read,
    target(name, alias) {
      const found = models.get(name);
      if (!found) return null;
      if ('unreadable' in found)
        throw new UnrollError(
          'model_not_ready',
          `which version ${name}${alias === defaultAlias ? '' : `@${alias}`} is cannot be told: its ${aliasesFile} ${found.unreadable}; name@version can be called`,
        );
      return found.versions.get(alias) ?? null;
    },
    before: (name, alias) => before.get(toKey(name, alias)) ?? null,
    arrived(name, alias) {
      if (before.size > 0) before.delete(toKey(name, alias));
    },
    beginScan: () => lastChange,
    apply(found = new Map(), scan) {
      for (const name of new Set([...models.keys(), ...found.keys()])) {
        if ((changes.get(name) ?? 0) > scan) continue;
        changes.delete(name);
        replace(name, found.get(name));
      }
    },
    set(name, aliases) {
      changes.set(name, ++lastChange);
      replace(name, aliases);
    },
  };
}
