import { UnrollError } from '../errors.ts';
import { aliasPattern, modelNamePattern, modelVersionPattern } from '../model-files.ts';

export interface ModelReference {
  readonly name: string;
  /** Null: the version that an alias points at. */
  readonly version: number | null;
  /** Of a reference without a version; absent: the default. */
  readonly alias?: string;
}

/** Parses `name`, `name@version` or `name@alias`. @throws UnrollError invalid_model_name */
export function parseReference(reference: string): ModelReference {
  const [name = '', target, ...rest] = reference.split('@', 3);
  if (modelNamePattern.test(name) && rest.length === 0) {
    if (target === undefined) return { name, version: null };
    if (modelVersionPattern.test(target)) return { name, version: Number(target) };
    if (aliasPattern.test(target)) return { name, version: null, alias: target };
  }
  throw new UnrollError(
    'invalid_model_name',
    `${JSON.stringify(reference.slice(0, 80))} is not "name", "name@version" or "name@alias": a name has 1 to 64 of A–Z a–z 0–9 _ - . and no dot at either end, a version is a whole number from 1, an alias begins with a letter`,
    { field: 'model' },
  );
}

/** Parses the name of a model where no version may follow. @throws UnrollError invalid_model_name */
export function parseModelName(name: string): string {
  if (modelNamePattern.test(name)) return name;
  throw new UnrollError(
    'invalid_model_name',
    `${JSON.stringify(name.slice(0, 80))} is not the name of a model, without a version or an alias`,
    { field: 'model' },
  );
}
