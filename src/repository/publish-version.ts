import { copyFile, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelVersionPattern, specFile, weightsFile } from '../model-files.ts';

/** Beside model.json in a published version: `{"id": …}` of the publication. Whoever loads the version ignores it. */
const publicationFile = 'publication.json';

/**
 * Copies a folder's model.json and weights into `<root>/<name>/<next version>/`, with the model.json's name that of the folder.
 * The folder gets its name when it is whole, so a server that watches never sees half of it; one that takes the number first
 * makes this one take the next.
 * @param publication an id: what has been published with it before, in this process or another, is not published again
 * @returns the version
 */
export async function publishVersion(
  root: string,
  name: string,
  from: string,
  publication?: string,
): Promise<number> {
  const home = join(root, name);
  await mkdir(home, { recursive: true });
  const before = publication === undefined ? null : await publishedVersion(home, publication);
  if (before !== null) return before;
  const draft = join(home, draftName(publication));
  try {
    // what a process that was killed has left of the same publication
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft);
    await writeSpec(join(from, specFile), join(draft, specFile), name);
    await copyFile(join(from, weightsFile), join(draft, weightsFile));
    if (publication !== undefined)
      await writeFile(join(draft, publicationFile), `${JSON.stringify({ id: publication })}\n`);
    for (const file of await readdir(draft)) await flush(join(draft, file));
    for (;;) {
      const version = Math.max(0, ...(await versionsIn(home))) + 1;
      try {
        await rename(draft, join(home, String(version)));
        // a rename survives a power cut once its folder is flushed
        await flush(home);
        return version;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
      }
    }
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

const draftName = (publication: string | undefined): string =>
  publication === undefined
    ? `.draft-${process.pid}-${Date.now()}`
    : `.draft-${publication.replaceAll(/[^A-Za-z0-9_-]/g, '-')}`;

/** A model is served only under its own name. */
async function writeSpec(from: string, to: string, name: string): Promise<void> {
  const text = await readFile(from, 'utf8');
  const spec = JSON.parse(text) as { name?: unknown };
  await writeFile(to, spec.name === name ? text : `${JSON.stringify({ ...spec, name }, null, 2)}\n`);
}

async function publishedVersion(home: string, publication: string): Promise<number | null> {
  for (const version of await versionsIn(home)) {
    const text = await readFile(join(home, String(version), publicationFile), 'utf8').catch(() => null);
    if (text === null) continue;
    try {
      const { id } = JSON.parse(text) as { id?: unknown };
      if (id === publication) return version;
    } catch {
      // not written by us
    }
  }
  return null;
}

async function versionsIn(home: string): Promise<number[]> {
  return (await readdir(home)).filter((name) => modelVersionPattern.test(name)).map(Number);
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
