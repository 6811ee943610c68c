import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { modelNamePattern, modelVersionPattern } from '../model-files.ts';
import { inspectPath, isModelFile } from './inspect-path.ts';
import { readFolder } from './read-folder.ts';
import { limitSkipped, toModel, type SkippedPath } from './skipped-paths.ts';

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
 * Finds the versions in a models folder. Skips folders whose names are not those of a model or a version,
 * links that lead out of the folder, and model files that are not in a version's folder.
 * @throws the file system's error when the root cannot be read or the process is out of file descriptors
 */
export async function scanModels(
  root: string,
): Promise<{ realRoot: string; found: FoundVersion[]; skipped: readonly SkippedPath[] }> {
  const realRoot = await realpath(root);
  const found: FoundVersion[] = [];
  const models = await findFolders(realRoot, '', await readdir(realRoot), {
    pattern: modelNamePattern,
    limit: maxModels,
    invalid: 'has no valid name of a model: 1 to 64 of A–Z a–z 0–9 _ -',
    stray: 'is not in the folder of a version: move it to NAME/1/',
  });
  const skipped = [...models.skipped];
  for (const name of models.accepted) {
    const names = await readFolder(join(realRoot, name));
    const versions = await findFolders(realRoot, name, names, {
      pattern: modelVersionPattern,
      limit: maxVersions,
      invalid: 'has no valid name of a version: a whole number from 1',
      stray: `is not in the folder of a version: move it to ${name}/1/`,
    });
    for (const version of versions.accepted) {
      const folder = join(realRoot, name, version);
      found.push({ name, version: Number(version), folder, ...(await readStamp(folder)) });
    }
    if (versions.accepted.length > 0) skipped.push(...versions.skipped);
    // a version that is being published is in a hidden folder at first
    else if (!names.some((entry) => entry.startsWith('.'))) skipped.push(toModel(name, versions.skipped));
  }
  return { realRoot, found, skipped: limitSkipped(skipped) };
}

interface Wanted {
  readonly pattern: RegExp;
  readonly limit: number;
  /** Why a folder of another name is skipped. */
  readonly invalid: string;
  /** Why a model file that is not in a folder is skipped. */
  readonly stray: string;
}

/** Divides the entries of a folder into folders with a valid name, what is skipped, and files that do not matter. */
async function findFolders(
  realRoot: string,
  parent: string,
  names: readonly string[],
  { pattern, limit, invalid, stray }: Wanted,
): Promise<{ accepted: string[]; skipped: SkippedPath[] }> {
  const accepted: string[] = [];
  const skipped: SkippedPath[] = [];
  for (const entry of names.filter((name) => !name.startsWith('.')).sort()) {
    const path = join(parent, entry);
    const skip = (reason: string): number => skipped.push({ path, reason });
    const content = await inspectPath(realRoot, join(realRoot, path));
    if (content === 'folder')
      if (!pattern.test(entry)) skip(invalid);
      else if (accepted.length >= limit) skip(`is beyond the limit of ${limit}`);
      else accepted.push(entry);
    else if (typeof content === 'object') skip(content.unreadable);
    // the limit keeps a folder of many files from being read every time
    else if (content === 'file' && skipped.length < maxFiles && (await isModelFile(realRoot, path)))
      skip(stray);
  }
  return { accepted, skipped };
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
