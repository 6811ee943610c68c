import type { ApiKey } from './keys-file.ts';
import { scopes, type Scope } from './scopes.ts';

/** Who sent a request, and what they may do. */
export interface Caller {
  /** The name of their key; null where the server has no keys. */
  readonly name: string | null;
  /** Whether they see the jobs, datasets and comparisons of every key. */
  readonly all: boolean;
  readonly scopes: ReadonlySet<Scope>;
  /** Matches the names of the models that they may use; null for any. */
  readonly models: RegExp | null;
}

/** A caller of a server without keys. */
export const withoutKey = (allowed: readonly Scope[]): Caller => ({
  name: null,
  all: true,
  scopes: new Set(allowed),
  models: null,
});

export function toCaller({ name, scopes: given, models }: ApiKey): Caller {
  const all = given.includes('admin');
  return { name, all, scopes: new Set(all ? scopes : given), models: models ? toPattern(models) : null };
}

/** Compiles name patterns, in which `*` matches any characters; a row of them matches the same as one. */
const toPattern = (patterns: readonly string[]): RegExp =>
  new RegExp(`^(?:${patterns.map((one) => one.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*')).join('|')})$`);

/** Whether a caller may use a model. @param reference `name` or `name@version` */
export const mayUseModel = ({ models }: Caller, reference: string): boolean =>
  models === null || models.test(reference.split('@', 1)[0]!);
