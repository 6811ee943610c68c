import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelVersionPattern, specFile, weightsFile } from '../model-files.ts';

/**
 * A file beside model.json in a published version, `{"id": …}`, which identifies the publication. Ignored
 * when loading.
 */
const publicationFile = 'publication.json';

/**
 * Copies a folder's model.json and weights to `<root>/<name>/<next version>/` and sets the name in model.json
 * to `name`. The version folder is renamed into place when it is complete, so a watching server never sees a
 * partial one. If another process takes the version number first, the next number is used.
 * @param publication an id that makes the call idempotent: if it has been published before, by any process,
 * the version of then is returned
 * @returns the version
 * @throws the file system's error; nothing is published then
 */
export async function publishVersion(
  root: string,
  name: string,
  from: string,
  publication?: string,
): Promise<number> {
  const home = join(root, name);
  await mkdir(home, { recursive: true });
  const published = publication === undefined ? null : await findPublishedVersion(home, publication);
  if (published !== null) return published;
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
    const meanwhile = publication === undefined ? null : await findPublishedVersion(home, publication);
    if (meanwhile !== null) {
      await rm(draft, { recursive: true, force: true });
      return meanwhile;
    }
    return await placeVersion(home, draft);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Renames a complete draft folder to the next version of a model's folder.
 * @returns the version
 */
export async function placeVersion(home: string, draft: string): Promise<number> {
  for (;;) {
    const version = Math.max(0, ...(await listVersions(home)).map(Number)) + 1;
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
async function findPublishedVersion(home: string, publication: string): Promise<number | null> {
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
  return (await readdir(home)).filter((name) => modelVersionPattern.test(name));
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
