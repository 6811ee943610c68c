import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

// Files of models that others trained. They are large and have licences of their own, so they are not part of the repository:
// README.md lists them and where they are from.

const folder = process.env['UNROLL_REAL_MODELS'];
if (folder === undefined || !existsSync(folder))
  throw new Error('UNROLL_REAL_MODELS must name the folder that test/real-models/README.md describes');

export const realFile = (path: string): string => join(folder, path);

export const readRealJson = (path: string): unknown => JSON.parse(readFileSync(realFile(path), 'utf8'));

/** Adds a model folder: a weights file, copied or given, and model.json, unless the file describes itself. */
export function addRealModel(
  root: string,
  name: string,
  file: string,
  { spec, content }: { readonly spec?: object; readonly content?: Uint8Array } = {},
): void {
  const version = join(root, name, '1');
  mkdirSync(version, { recursive: true });
  if (spec) writeFileSync(join(version, 'model.json'), JSON.stringify({ schema: 1, name, ...spec }));
  if (content) writeFileSync(join(version, file), content);
  else copyFileSync(realFile(file), join(version, basename(file)));
}
