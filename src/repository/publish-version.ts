import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, open, readFile, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultAlias, modelVersionPattern, specFile, weightsFile } from '../model-files.ts';
import { readAliasesToChange, withAlias, writeAliases, type ModelAliases } from './aliases-file.ts';
import { toWriteError, withFolderLock } from './folder-lock.ts';
import { readFolder } from './read-folder.ts';

/**
 * A file beside model.json in a published version, `{"id": …}`, which identifies the publication. Ignored
 * when loading.
 */
const publicationFile = 'publication.json';

export interface PublishOptions {
  /**
   * An id that makes the call idempotent: if it has been published before, by any process, the version of then is returned.
   */
  readonly publication?: string;
  /**
   * The alias that is pointed at the version. `default` moves only where it is set: where it is not, the highest version takes
   * the traffic. Any other alias leaves the traffic where it is, so `default` is set to the version before.
   */
  readonly alias?: string;
  /** Called before the version gets its name, while no other process changes the model's versions; throws to prevent it. */
  readonly check?: (model: CurrentVersion) => void;
}

/**
 * Copies a folder's model.json and weights to `<root>/<name>/<next version>/` and sets the name in model.json
 * to `name`. The version folder is renamed into place when it is complete, so a watching server never sees a
 * partial one. If another process takes the version number first, the next number is used.
 * @returns the version
 * @throws UnrollError models_read_only, disk_full, in_use; the file system's error; nothing is published then
 */
export async function publishVersion(
  root: string,
  name: string,
  from: string,
  { publication, alias = defaultAlias, check }: PublishOptions = {},
): Promise<number> {
  const home = join(root, name);
  await mkdir(home, { recursive: true });
  const realRoot = await realpath(root);
  const draft = await writeDraft(home, name, from, publication);
  try {
    return await withFolderLock(home, async () => {
      const before = await findCurrentVersion(realRoot, name);
      const published = publication === undefined ? null : await findPublishedVersion(home, publication);
      if (published === null) check?.(before);
      const version = published ?? (await nameDraft(home, draft, before.aliases.lastVersion));
      await pointAlias(home, alias, version, before);
      return version;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * Makes a complete draft folder, within a model's folder, the model's next version. No alias moves.
 * @returns the version
 * @throws UnrollError models_read_only, disk_full, in_use; the file system's error
 */
export async function placeVersion(root: string, name: string, draft: string): Promise<number> {
  const home = join(root, name);
  return withFolderLock(home, async () => {
    const { aliases } = await findCurrentVersion(root, name);
    return nameDraft(home, draft, aliases.lastVersion);
  });
}

/** Copies a version into a hidden folder of its model. */
async function writeDraft(
  home: string,
  name: string,
  from: string,
  publication: string | undefined,
): Promise<string> {
  const prefix = draftPrefix(publication);
  const draft = join(home, `${prefix}.${randomBytes(4).toString('hex')}`);
  try {
    // of attempts at the same publication by processes that were killed, or stopped: one that goes on cannot publish
    for (const name of await readdir(home))
      if (publication !== undefined && (name === prefix || name.startsWith(`${prefix}.`)))
        await rm(join(home, name), { recursive: true, force: true });
    await mkdir(draft);
    await writeSpec(join(from, specFile), join(draft, specFile), name);
    await copyFile(join(from, weightsFile), join(draft, weightsFile));
    if (publication !== undefined)
      await writeFile(join(draft, publicationFile), `${JSON.stringify({ id: publication })}\n`);
    for (const file of await readdir(draft)) await flush(join(draft, file));
    return draft;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw toWriteError(error) ?? error;
  }
}

/**
 * Renames a complete draft folder to the next version of a model's folder, with the folder's lock.
 * @param lastVersion whose number was given to one that is deleted
 * @returns the version
 */
async function nameDraft(home: string, draft: string, lastVersion: number): Promise<number> {
  for (;;) {
    const version = Math.max(lastVersion, ...(await listVersions(home)).map(Number)) + 1;
    try {
      await rename(draft, join(home, String(version)));
      // a rename survives a power failure only after the parent folder is flushed
      await flush(home);
      return version;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
  }
}

async function pointAlias(
  home: string,
  alias: string,
  version: number,
  { aliases, version: before }: CurrentVersion,
): Promise<void> {
  const isDefault = alias === defaultAlias;
  const isSet = aliases.versions.has(defaultAlias);
  if (isDefault && !isSet) return;
  const kept =
    isSet || before === null || before === version ? aliases : withAlias(aliases, defaultAlias, before);
  await writeAliases(home, withAlias(kept, alias, version));
}

/** The version that takes the traffic of a model's name, as its folder says; null where there is none. */
export interface CurrentVersion {
  readonly version: number | null;
  readonly aliases: ModelAliases;
}

/**
 * Finds the version that the alias default points at, else the highest.
 * @throws UnrollError models_read_only where the aliases cannot be read
 */
export async function findCurrentVersion(root: string, name: string): Promise<CurrentVersion> {
  const home = join(root, name);
  const aliases = await readAliasesToChange(await realpath(root), home);
  const versions = (await listVersions(home)).map(Number);
  const highest = versions.length > 0 ? Math.max(...versions) : null;
  return { aliases, version: aliases.versions.get(defaultAlias) ?? highest };
}

const draftPrefix = (publication: string | undefined): string =>
  publication === undefined
    ? `.draft-${process.pid}-${Date.now()}`
    : `.draft-${publication.replaceAll(/[^A-Za-z0-9_-]/g, '-')}`;

/** Copies a model.json with another name: a model is served only when the name is that of its folder. */
async function writeSpec(from: string, to: string, name: string): Promise<void> {
  const text = await readFile(from, 'utf8');
  const spec = JSON.parse(text) as { name?: unknown };
  await writeFile(to, spec.name === name ? text : `${JSON.stringify({ ...spec, name }, null, 2)}\n`);
}

/** Finds the version that was published with an id; null when there is none. */
export async function findPublishedVersion(home: string, publication: string): Promise<number | null> {
  for (const version of await listVersions(home)) {
    const text = await readFile(join(home, version, publicationFile), 'utf8').catch(() => null);
    if (text === null) continue;
    try {
      const { id } = JSON.parse(text) as { id?: unknown };
      if (id === publication) return Number(version);
    } catch {
      // not a publication file
    }
  }
  return null;
}

/** The folders of versions: a number of them may have leading zeros. */
async function listVersions(home: string): Promise<string[]> {
  return (await readFolder(home)).filter((name) => modelVersionPattern.test(name));
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
