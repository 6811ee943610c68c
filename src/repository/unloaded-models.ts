import type { ModelReference } from './model-reference.ts';

interface VersionOf {
  readonly name: string;
  readonly version: number;
}

/** What is kept out of service by request: single versions, and names with all their versions and those to come. */
export interface UnloadedModels {
  has(version: VersionOf): boolean;
  add(reference: ModelReference): void;
  remove(reference: ModelReference): void;
  /** Forgets what is no longer there. */
  prune(there: readonly VersionOf[]): void;
}

export function createUnloadedModels(): UnloadedModels {
  /** A name is held as a whole or not at all, except for some of its versions. */
  const names = new Map<string, { readonly whole: boolean; readonly except: Set<number> }>();
  const set = ({ name, version }: ModelReference, held: boolean): void => {
    if (version === null) return void names.set(name, { whole: held, except: new Set() });
    const one = names.get(name) ?? { whole: false, except: new Set() };
    names.set(name, one);
    if (one.whole === held) one.except.delete(version);
    else one.except.add(version);
  };
  return {
    has({ name, version }) {
      const one = names.get(name);
      return one !== undefined && one.whole !== one.except.has(version);
    },
    add: (reference) => set(reference, true),
    remove: (reference) => set(reference, false),
    prune(there) {
      const versions = Map.groupBy(there, ({ name }) => name);
      for (const [name, { whole, except }] of names) {
        const left = new Set(versions.get(name)?.map(({ version }) => version));
        for (const version of except) if (!left.has(version)) except.delete(version);
        if (left.size === 0 || (!whole && except.size === 0)) names.delete(name);
      }
    },
  };
}
