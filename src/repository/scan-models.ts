import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { modelNamePattern, modelVersionPattern } from '../model-files.ts';
import { isInside } from './read-contained-file.ts';
import { readFolder } from './read-folder.ts';

/** Limits of one scan, so that a wrong UNROLL_MODELS does not make the server read a whole disk. */
const maxModels = 1000;
const maxVersions = 1000;
const maxFiles = 100;

/** A folder `<root>/<name>/<version>`. */
export interface FoundVersion {
  readonly name: string;
  readonly version: number;
  readonly folder: string;
  /** Identity of all its files: differs when one of them has changed. */
  readonly stamp: string;
  /** Total size of its files. */
  readonly bytes: number;
  /** Time of the last change to one of its files, in seconds since 1970. */
  readonly created: number;
}

/**
 * Finds the versions in a models folder. Skips folders whose names are not those of a model or a version, and
 * links that lead out of the folder.
 * @returns the versions, and in `skipped` the paths of what was skipped, relative to the root
 * @throws the file system's error when the root cannot be read or the process is out of file descriptors
 */
export async function scanModels(
  root: string,
): Promise<{ realRoot: string; found: FoundVersion[]; skipped: string[] }> {
  const realRoot = await realpath(root);
  const found: FoundVersion[] = [];
  const skipped: string[] = [];
  const folders = async (
    parent: string,
    names: readonly string[],
    pattern: RegExp,
    prefix: string,
    limit: number,
  ): Promise<string[]> => {
    const entries = names.filter((entry) => !entry.startsWith('.')).sort();
    const accepted: string[] = [];
    for (const entry of entries) {
      const isFolder = await isFolderInside(realRoot, join(parent, entry));
      if (isFolder === null) continue;
      if (isFolder && pattern.test(entry) && accepted.length < limit) accepted.push(entry);
      else skipped.push(`${prefix}${entry}`);
    }
    return accepted;
  };

  for (const name of await folders(realRoot, await readdir(realRoot), modelNamePattern, '', maxModels)) {
    const names = await readFolder(join(realRoot, name));
    const versions = await folders(join(realRoot, name), names, modelVersionPattern, `${name}/`, maxVersions);
    for (const version of versions) {
      const folder = join(realRoot, name, version);
      found.push({ name, version: Number(version), folder, ...(await readStamp(folder)) });
    }
  }
  return { realRoot, found, skipped };
}

/** Whether a path is a folder inside the root; null for a file or a path that does not exist any more. */
async function isFolderInside(realRoot: string, path: string): Promise<boolean | null> {
  try {
    const real = await realpath(path);
    return (await stat(real)).isDirectory() ? isInside(realRoot, real) : null;
  } catch {
    return null;
  }
}

async function readStamp(folder: string): Promise<Pick<FoundVersion, 'stamp' | 'created' | 'bytes'>> {
  // any file counts: model.json may name it as the weights
  const names = (await readFolder(folder))
    .filter((name) => !name.startsWith('.'))
    .sort()
    .slice(0, maxFiles);
  const files = await Promise.all(
    names.map((file) => stat(join(folder, file), { bigint: true }).catch(() => null)),
  );
  // ctime differs even when a file was replaced by one of the same size and modification time
  const stamp = files.map((file, i) =>
    file
      ? `${names[i]} ${file.dev}.${file.ino}.${file.size}.${file.mtimeNs}.${file.ctimeNs}`
      : `${names[i]} missing`,
  );
  const changed = Math.max(0, ...files.map((file) => Number(file?.mtimeNs ?? 0n)));
  const bytes = files.reduce((sum, file) => sum + Number(file?.size ?? 0n), 0);
  return { stamp: stamp.join(' '), bytes, created: Math.floor(changed / 1e9) };
}
