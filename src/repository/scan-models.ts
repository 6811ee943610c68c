import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { modelNamePattern, modelVersionPattern } from '../model-files.ts';
import { isInside } from './read-contained-file.ts';
import { readFolder } from './read-folder.ts';

/** Folders looked at, so that a wrong UNROLL_MODELS does not make us read a whole disk. */
const mostModels = 1000;
const mostVersions = 1000;
const mostFiles = 100;

/** A folder `<root>/<name>/<version>`. */
export interface FoundVersion {
  readonly name: string;
  readonly version: number;
  readonly folder: string;
  /** Differs when one of its files has changed. */
  readonly stamp: string;
  /** Of all its files. */
  readonly bytes: number;
  /** Seconds since 1970 when one of its files was last changed. */
  readonly created: number;
}

/**
 * Looks for versions in a models folder. Whatever has another name than a model or a version can have is passed over,
 * and so are links that lead out of it.
 * @throws what the file system throws when the root can't be read, or when there is no file descriptor to read a folder with
 */
export async function scanModels(
  root: string,
): Promise<{ realRoot: string; found: FoundVersion[]; passedOver: string[] }> {
  const realRoot = await realpath(root);
  const found: FoundVersion[] = [];
  const passedOver: string[] = [];
  const folders = async (
    parent: string,
    names: readonly string[],
    pattern: RegExp,
    shown: string,
    most: number,
  ): Promise<string[]> => {
    const entries = names.filter((entry) => !entry.startsWith('.')).sort();
    const taken: string[] = [];
    for (const entry of entries) {
      const isFolder = await isFolderInside(realRoot, join(parent, entry));
      if (isFolder === null) continue;
      if (isFolder && pattern.test(entry) && taken.length < most) taken.push(entry);
      else passedOver.push(`${shown}${entry}`);
    }
    return taken;
  };

  for (const name of await folders(realRoot, await readdir(realRoot), modelNamePattern, '', mostModels)) {
    const names = await readFolder(join(realRoot, name));
    const versions = await folders(
      join(realRoot, name),
      names,
      modelVersionPattern,
      `${name}/`,
      mostVersions,
    );
    for (const version of versions) {
      const folder = join(realRoot, name, version);
      found.push({ name, version: Number(version), folder, ...(await stampOf(folder)) });
    }
  }
  return { realRoot, found, passedOver };
}

/** Null for a file, or something that is gone. */
async function isFolderInside(realRoot: string, path: string): Promise<boolean | null> {
  try {
    const real = await realpath(path);
    return (await stat(real)).isDirectory() ? isInside(realRoot, real) : null;
  } catch {
    return null;
  }
}

async function stampOf(folder: string): Promise<Pick<FoundVersion, 'stamp' | 'created' | 'bytes'>> {
  // model.json may name any of them
  const names = (await readFolder(folder))
    .filter((name) => !name.startsWith('.'))
    .sort()
    .slice(0, mostFiles);
  const files = await Promise.all(
    names.map((file) => stat(join(folder, file), { bigint: true }).catch(() => null)),
  );
  // the time of the last change to the inode shows a file that was replaced by one of the same size and age
  const stamp = files.map((file, i) =>
    file
      ? `${names[i]} ${file.dev}.${file.ino}.${file.size}.${file.mtimeNs}.${file.ctimeNs}`
      : `${names[i]} missing`,
  );
  const changed = Math.max(0, ...files.map((file) => Number(file?.mtimeNs ?? 0n)));
  const bytes = files.reduce((sum, file) => sum + Number(file?.size ?? 0n), 0);
  return { stamp: stamp.join(' '), bytes, created: Math.floor(changed / 1e9) };
}
