import { UnrollError } from '../errors.ts';
import {
  changeKeys,
  generateKey,
  hashKey,
  keyName,
  modelPattern,
  readKeys,
  type ApiKey,
} from '../access/keys-file.ts';
import { scopes, type Scope } from '../access/scopes.ts';

export interface KeyOptions {
  readonly scope?: readonly string[] | undefined;
  readonly model?: readonly string[] | undefined;
  readonly expires?: string | undefined;
}

/** Creates a key in a file and prints it: the only time that it can be seen. @throws UnrollError invalid_request */
export function createKey(path: string, name: string, options: KeyOptions): void {
  const key = generateKey();
  const expires = options.expires === undefined ? undefined : parseExpiry(options.expires);
  const models = options.model?.map((one) => parse(modelPattern, '--model', one));
  const entry: ApiKey = {
    name: parse(keyName, 'NAME', name),
    sha256: hashKey(key).toString('hex'),
    scopes: (options.scope ?? ['infer']).map(parseScope),
    ...(models && { models }),
    created: new Date().toISOString(),
    ...(expires !== undefined && { expires }),
  };
  changeKeys(path, (keys) => {
    if (keys.some((one) => one.name === name))
      invalid('NAME', `there is a key ${name} in ${path}; revoke it first`);
    return [...keys, entry];
  });
  console.error(`${describe(entry)}\nadded to ${path}. The key is shown once:`);
  console.log(key);
}

export function listKeys(path: string): void {
  for (const key of readKeys(path)) console.log(describe(key));
}

/** Removes a key. Its jobs and datasets remain, for a later key of that name. @throws UnrollError invalid_request */
export function revokeKey(path: string, name: string): void {
  changeKeys(path, (keys) => {
    const others = keys.filter((one) => one.name !== name);
    if (others.length === keys.length) invalid('NAME', `there is no key ${name} in ${path}`);
    return others;
  });
  console.log(`${name} was revoked: running servers refuse it within a few seconds`);
}

const describe = ({ name, scopes, models, created, expires }: ApiKey): string =>
  [
    name,
    scopes.join(','),
    models ? `models ${models.join(',')}` : 'all models',
    `created ${created.slice(0, 10)}`,
    expires === undefined
      ? 'never expires'
      : `${Date.parse(expires) <= Date.now() ? 'expired' : 'expires'} ${expires}`,
  ].join('  ');

function parseScope(text: string): Scope {
  const scope = scopes.find((one) => one === text);
  return scope ?? invalid('--scope', `must be ${scopes.join(', ')}, was "${text}"`);
}

/** A number of days, or a date. */
function parseExpiry(text: string): string {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  const date = days === undefined ? new Date(text) : new Date(Date.now() + Number(days) * 86_400_000);
  if (Number.isNaN(date.getTime()) || date.getTime() <= Date.now())
    return invalid('--expires', `must be days such as 90d, or a date in the future, was "${text}"`);
  return date.toISOString();
}

function parse(schema: typeof keyName, field: string, text: string): string {
  const { success, data, error } = schema.safeParse(text);
  return success ? data : invalid(field, `${error.issues[0]!.message}, was "${text}"`);
}

function invalid(field: string, reason: string): never {
  throw new UnrollError('invalid_request', `${field}: ${reason}`);
}
