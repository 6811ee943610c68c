import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { aliasesFile, modelNamePattern, modelVersionPattern } from '../model-files.ts';
import { readAliases, type ModelAliases } from './aliases-file.ts';
import { inspectPath, isModelFile } from './inspect-path.ts';
import { UnreadableFile } from './read-contained-file.ts';
import { readEntries, readFolder } from './read-folder.ts';
import { limitSkipped, toModel, type SkippedPath } from './skipped-paths.ts';

/** Limits of one scan, so that a wrong UNROLL_MODELS does not make the server read a whole disk. */
const defaultLimits = { models: 100_000, versions: 1000 };
const maxFiles = 100;
/** Models that are scanned at a time. */
const concurrency = 32;

/** A version of a model, such as a folder `<root>/<name>/<version>`. */
export interface FoundVersion {
  readonly name: string;
  readonly version: number;
  readonly folder: string;
  /** The file of it to serve; undefined where that is found by the files' content. */
  readonly file?: string;
  /** Whether its model.json may have another name. */
  readonly anyName?: boolean;
  /** Identity of all its files: differs when one of them has changed. */
  readonly stamp: string;
  /** Total size of its files. */
  readonly bytes: number;
  /** Time of the last change to one of its files, in seconds since 1970. */
  readonly created: number;
}

/** The versions that a scan found, and what it skipped. */
export interface Scan {
  /** No file outside of it is read. */
  readonly realRoot: string;
  readonly found: readonly FoundVersion[];
  readonly skipped: readonly SkippedPath[];
  /** By name, of models that have any; absent where models have none. */
  readonly aliases?: ReadonlyMap<string, FoundAliases>;
}

/** The aliases of a model, or why they cannot be read. */
export type FoundAliases = ModelAliases | { readonly unreadable: string };

/**
 * Finds the versions in a models folder. Skips folders whose names are not those of a model or a version,
 * links that lead out of the folder, and model files that are not in a version's folder.
 * @throws the file system's error when the root cannot be read or the process is out of file descriptors
 */
export async function scanModels(root: string, limits = defaultLimits): Promise<Scan> {
  const realRoot = await realpath(root);
  const models = await findFolders(realRoot, '', await readdir(realRoot, { withFileTypes: true }), {
    pattern: modelNamePattern,
    limit: limits.models,
    invalid: 'has no valid name of a model: 1 to 64 of A–Z a–z 0–9 _ - ., not with a dot at either end',
    stray: 'is not in the folder of a version: move it to NAME/1/',
  });
  const found: FoundVersion[] = [];
  const skipped = [...models.skipped];
  const aliases = new Map<string, FoundAliases>();
  for (let first = 0; first < models.accepted.length; first += concurrency) {
    const names = models.accepted.slice(first, first + concurrency);
    const scans = await Promise.all(names.map((name) => scanVersions(realRoot, name, limits.versions)));
    for (const [index, scan] of scans.entries()) {
      found.push(...scan.found);
      if (scan.aliases) aliases.set(names[index]!, scan.aliases);
      if (scan.found.length > 0) skipped.push(...scan.skipped);
      // a version that is being published is in a hidden folder at first
      else if (!scan.hidden) skipped.push(toModel(names[index]!, scan.skipped));
    }
  }
  return { realRoot, found, skipped: limitSkipped(skipped), aliases };
}

/** Finds the versions of one model, in the folder of this name below the root. */
async function scanVersions(
  realRoot: string,
  name: string,
  limit: number,
): Promise<
  Pick<Scan, 'found' | 'skipped'> & { readonly hidden: boolean; readonly aliases: FoundAliases | null }
> {
  const entries = await readEntries(join(realRoot, name));
  const { accepted, skipped } = await findVersionFolders(realRoot, name, entries, limit);
  const aliases = entries.some((entry) => entry.name === aliasesFile)
    ? await findAliases(realRoot, name)
    : null;
  if (aliases && 'unreadable' in aliases)
    skipped.push({ path: join(name, aliasesFile), reason: aliases.unreadable });
  const found: FoundVersion[] = [];
  for (const version of accepted) {
    const folder = join(realRoot, name, version);
    found.push({ name, version: Number(version), folder, ...(await readStamp(folder)) });
  }
  return { found, skipped, aliases, hidden: entries.some((entry) => entry.name.startsWith('.')) };
}

async function findAliases(realRoot: string, name: string): Promise<FoundAliases> {
  try {
    return await readAliases(realRoot, join(realRoot, name));
  } catch (error) {
    if (error instanceof UnreadableFile) return { unreadable: error.message };
    throw error;
  }
}

/** Finds the folders of versions; of two that are the same number, the one without leading zeros. */
export async function findVersionFolders(
  realRoot: string,
  model: string,
  entries: readonly Dirent[],
  limit = defaultLimits.versions,
): Promise<{ accepted: readonly string[]; skipped: SkippedPath[] }> {
  const { accepted, skipped } = await findFolders(realRoot, model, entries, {
    pattern: modelVersionPattern,
    limit: Infinity,
    invalid: 'has no valid name of a version: a whole number from 1, of at most 15 digits',
    stray: `is not in the folder of a version: move it to ${model || 'NAME'}/1/`,
  });
  const versions = new Map<number, string>();
  for (const folder of accepted.toSorted((a, b) => Number(b) - Number(a) || a.length - b.length)) {
    const same = versions.get(Number(folder));
    const path = join(model, folder);
    if (same !== undefined) skipped.push({ path, reason: `is the same version as ${join(model, same)}` });
    // the newest are served
    else if (versions.size >= limit) skipped.push({ path, reason: `is beyond the limit of ${limit}` });
    else versions.set(Number(folder), folder);
  }
  return { accepted: [...versions.values()].reverse(), skipped };
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
  entries: readonly Dirent[],
  { pattern, limit, invalid, stray }: Wanted,
): Promise<{ accepted: string[]; skipped: SkippedPath[] }> {
  const accepted: string[] = [];
  const skipped: SkippedPath[] = [];
  const visible = entries.filter(({ name }) => !name.startsWith('.'));
  for (const entry of visible.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(parent, entry.name);
    const skip = (reason: string): number => skipped.push({ path, reason });
    // of thousands of folders, none is looked at twice
    const content = entry.isDirectory() ? 'folder' : await inspectPath(realRoot, join(realRoot, path));
    if (content === 'folder')
      if (!pattern.test(entry.name)) skip(invalid);
      else if (accepted.length >= limit) skip(`is beyond the limit of ${limit}`);
      else accepted.push(entry.name);
    else if (typeof content === 'object') skip(content.unreadable);
    // the limit keeps a folder of many files from being read every time
    else if (content === 'file' && skipped.length < maxFiles && (await isModelFile(realRoot, path)))
      skip(stray);
  }
  return { accepted, skipped };
}

/** Identifies the files of a folder. @param files their names, by default all */
export async function readStamp(
  folder: string,
  files?: readonly string[],
): Promise<Pick<FoundVersion, 'stamp' | 'created' | 'bytes'>> {
  // any file counts: model.json may name it as the weights
  const names = (files ?? (await readFolder(folder)))
    .filter((name) => !name.startsWith('.'))
    .sort()
    .slice(0, maxFiles);
  const stats = await Promise.all(
    names.map((file) => stat(join(folder, file), { bigint: true }).catch(() => null)),
  );
  // ctime differs even when a file was replaced by one of the same size and modification time
  const stamp = stats.map((file, i) =>
    file
      ? `${names[i]} ${file.dev}.${file.ino}.${file.size}.${file.mtimeNs}.${file.ctimeNs}`
      : `${names[i]} missing`,
  );
  const changed = Math.max(0, ...stats.map((file) => Number(file?.mtimeNs ?? 0n)));
  const bytes = stats.reduce((sum, file) => sum + Number(file?.size ?? 0n), 0);
  return { stamp: stamp.join(' '), bytes, created: Math.floor(changed / 1e9) };
}
