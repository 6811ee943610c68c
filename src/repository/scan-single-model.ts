import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, parse, resolve } from 'node:path';
import { modelNamePattern, modelVersionPattern, specFile } from '../model-files.ts';
import { isModelFile } from './inspect-path.ts';
import { readEntries } from './read-folder.ts';
import { findVersionFolders, readStamp, type FoundVersion, type Scan } from './scan-models.ts';

/**
 * Finds the one model at a path that the operator gives, which may be a link: a file, a folder of files, or a
 * folder of versions. Links inside of it may not lead out of it. Its version is 1 unless it has a folder of versions.
 * @param name what it is served as; empty: as its file or folder is called
 * @throws the file system's error when the path cannot be read
 */
export async function scanSingleModel(path: string, name: string): Promise<Scan> {
  const real = await realpath(path);
  const isFile = !(await stat(real)).isDirectory();
  const servedName = name || nameOf(resolve(path), isFile);
  if (!modelNamePattern.test(servedName)) {
    const reason = 'has no valid name of a model: set UNROLL_MODEL_NAME';
    return { realRoot: real, found: [], skipped: [{ path: servedName, reason }] };
  }
  const realRoot = isFile ? dirname(real) : real;
  const toFound = async (folder: string, version: number, file?: string): Promise<FoundVersion> => ({
    name: servedName,
    version,
    folder,
    anyName: true,
    ...(file !== undefined && { file }),
    ...(await readStamp(folder, file === undefined ? undefined : [file])),
  });
  // a model.json says itself which files belong to it
  const file = isFile && basename(real) !== specFile ? basename(real) : undefined;
  if (isFile) return { realRoot, found: [await toFound(realRoot, 1, file)], skipped: [] };
  const entries = await readEntries(real);
  const { accepted, skipped } = await findVersionFolders(real, '', entries);
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const files = await Promise.all(
    names.filter((name) => !name.startsWith('.')).map((name) => isModelFile(real, name)),
  );
  if (accepted.length === 0 || files.includes(true))
    return { realRoot, found: [await toFound(real, 1)], skipped: [] };
  const found = await Promise.all(
    accepted.map((version) => toFound(resolve(real, version), Number(version))),
  );
  return { realRoot, found, skipped };
}

/** The name of a path's last part that is one: a model's folder has folders of versions, and a file an extension. */
function nameOf(path: string, isFile: boolean): string {
  const folder = isFile && basename(path) === specFile ? dirname(path) : path;
  if (modelVersionPattern.test(basename(folder))) return basename(dirname(folder));
  return isFile && folder === path ? parse(path).name : basename(folder);
}
