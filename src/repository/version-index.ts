/** What a version of a model is found by. */
interface Found {
  readonly found: { readonly name: string; readonly version: number };
}

/** Versions of models by `name@version`, and sorted once for many lookups by name. */
export interface VersionIndex<V extends Found> {
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
  let byName: Map<string, V[]> | null = null;

  const sorted = (): Map<string, V[]> => {
    if (byName) return byName;
    const all = [...versions.values()].sort(({ found: a }, { found: b }) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : b.version - a.version,
    );
    return (byName = Map.groupBy(all, ({ found }) => found.name));
  };
  return {
    get: (key) => versions.get(key),
    set(key, version) {
      versions.set(key, version);
      byName = null;
    },
    delete(key) {
      versions.delete(key);
      byName = null;
    },
    entries: () => versions.entries(),
    list: () => [...sorted().values()].flat(),
    ofModel: (name) => sorted().get(name) ?? [],
  };
}
