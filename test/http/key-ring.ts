import { toCaller } from '../../src/access/caller.ts';
import type { ApiKey } from '../../src/access/keys-file.ts';
import type { Authentication } from '../../src/http/plugins/authenticate.ts';

/** Keys that are their own names, for an app without a file of keys. */
export function knownKeys(
  keys: Readonly<Record<string, Pick<ApiKey, 'scopes' | 'models'>>>,
): Extract<Authentication, { kind: 'keys' }> {
  const callers = new Map(
    Object.entries(keys).map(([name, key]) => [name, toCaller({ ...key, name, sha256: '', created: '' })]),
  );
  return { kind: 'keys', keys: { find: (key) => callers.get(key) ?? null } };
}

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
