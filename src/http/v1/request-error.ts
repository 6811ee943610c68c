import { UnrollError } from '../../errors.ts';

/** The error of a value that a schema refuses, with the first of its fields. @param base the name of the value; empty for a body */
export function toRequestError(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
  base: string,
): UnrollError {
  const { path, message } = issues[0]!;
  const field = path.reduce<string>(
    (name, key) => (typeof key === 'number' ? `${name}[${key}]` : `${name}${name && '.'}${String(key)}`),
    base,
  );
  return new UnrollError('invalid_request', `${field || 'input'}: ${message}`, field ? { field } : {});
}
