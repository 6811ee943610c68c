/** What a version of a model is found by. */
interface Found {
  readonly found: { readonly name: string; readonly version: number };
}

/** Versions of models by `name@version`, and by name. */
export interface VersionIndex<V extends Found> {
  readonly size: number;
  get(key: string): V | undefined;
  set(key: string, version: V): void;
  delete(key: string): void;
  entries(): Iterable<[string, V]>;
  /** By name, the highest version of each first. */
  list(): readonly V[];
  /** All versions of a model, the highest first; empty for an unknown name. */
  ofModel(name: string): readonly V[];
}

export function createVersionIndex<V extends Found>(): VersionIndex<V> {
  const versions = new Map<string, V>();
  const byName = new Map<string, readonly V[]>();
  /** Sorted once for many lookups; null after a name has come or gone. */
  let names: readonly string[] | null = null;

  function place(name: string, ofModel: readonly V[]): void {
    if (byName.has(name) !== ofModel.length > 0) names = null;
    if (ofModel.length > 0) byName.set(name, ofModel);
    else byName.delete(name);
  }
  const without = (version: V | undefined, name: string): readonly V[] =>
    (byName.get(name) ?? []).filter((one) => one !== version);

  return {
    get size() {
      return versions.size;
    },
    get: (key) => versions.get(key),
    set(key, version) {
      const { name } = version.found;
      const ofModel = [...without(versions.get(key), name), version];
      versions.set(key, version);
      place(
        name,
        ofModel.sort(({ found: a }, { found: b }) => b.version - a.version),
      );
    },
    delete(key) {
      const version = versions.get(key);
      if (!version) return;
      versions.delete(key);
      place(version.found.name, without(version, version.found.name));
    },
    entries: () => versions.entries(),
    list() {
      names ??= [...byName.keys()].sort();
      return names.flatMap((name) => byName.get(name)!);
    },
    ofModel: (name) => byName.get(name) ?? [],
  };
}
