import type { ModelReference } from './model-reference.ts';

interface NamedVersion {
  readonly name: string;
  readonly version: number;
}

/** Models unloaded by request: single versions, or names with all their present and future versions. */
export interface UnloadedModels {
  has(version: NamedVersion): boolean;
  add(reference: ModelReference): void;
  remove(reference: ModelReference): void;
  /** Removes entries that match none of the existing versions. */
  prune(existing: readonly NamedVersion[]): void;
}

export function createUnloadedModels(): UnloadedModels {
  /**
   * By name: whether all its versions are unloaded, except those in `except`, which are the opposite.
   */
  const names = new Map<string, { readonly whole: boolean; readonly except: Set<number> }>();
  const set = ({ name, version }: ModelReference, unloaded: boolean): void => {
    if (version === null) return void names.set(name, { whole: unloaded, except: new Set() });
    const one = names.get(name) ?? { whole: false, except: new Set() };
    names.set(name, one);
    if (one.whole === unloaded) one.except.delete(version);
    else one.except.add(version);
  };
  return {
    has({ name, version }) {
      const one = names.get(name);
      return one !== undefined && one.whole !== one.except.has(version);
    },
    add: (reference) => set(reference, true),
    remove: (reference) => set(reference, false),
    prune(existing) {
      const versions = Map.groupBy(existing, ({ name }) => name);
      for (const [name, { whole, except }] of names) {
        const remaining = new Set(versions.get(name)?.map(({ version }) => version));
        for (const version of except) if (!remaining.has(version)) except.delete(version);
        if (remaining.size === 0 || (!whole && except.size === 0)) names.delete(name);
      }
    },
  };
}
