import { UnrollError } from '../errors.ts';
import { modelNamePattern, modelVersionPattern } from '../model-files.ts';

export interface ModelReference {
  readonly name: string;
  /** Null: the highest version that is ready. */
  readonly version: number | null;
}

/** Parses `name` or `name@version`. @throws UnrollError invalid_model_name */
export function parseReference(reference: string): ModelReference {
  const [name = '', version, ...rest] = reference.split('@', 3);
  const valid =
    modelNamePattern.test(name) &&
    (version === undefined || modelVersionPattern.test(version)) &&
    rest.length === 0;
  if (!valid)
    throw new UnrollError(
      'invalid_model_name',
      `${JSON.stringify(reference.slice(0, 80))} is not "name" or "name@version": a name has 1 to 64 of A–Z a–z 0–9 _ - . and no dot at either end, a version is a whole number from 1`,
      { field: 'model' },
    );
  return { name, version: version === undefined ? null : Number(version) };
}
