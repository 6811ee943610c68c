import { InvalidArgumentError } from 'commander';
import { modelNamePattern, modelVersionPattern } from '../../model-files.ts';

export interface ModelVersion {
  readonly model: string;
  readonly version: number;
}

/** Parses `name@version`. @throws InvalidArgumentError */
export function parseVersion(text: string): ModelVersion {
  const [model = '', version = '', ...rest] = text.split('@');
  if (!modelNamePattern.test(model) || !modelVersionPattern.test(version) || rest.length > 0)
    throw new InvalidArgumentError('It must be a model and a version, such as language@2.');
  return { model, version: Number(version) };
}

/** Parses `name` or `name@version`. @throws InvalidArgumentError */
export function parseModel(text: string): { readonly model: string; readonly version: number | null } {
  if (text.includes('@')) return parseVersion(text);
  if (!modelNamePattern.test(text)) throw new InvalidArgumentError('It must be the name of a model.');
  return { model: text, version: null };
}
