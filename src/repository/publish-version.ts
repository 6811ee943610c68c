import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { specFile, weightsFile } from './model-files.ts';

/**
 * Copies a folder's model.json and weights into `<root>/<name>/<next version>/`. The folder gets its name when it is whole,
 * so a server that watches never sees half of it; one that takes the number first makes this one take the next.
 * @returns the version
 */
export async function publishVersion(root: string, name: string, from: string): Promise<number> {
  const home = join(root, name);
  await mkdir(home, { recursive: true });
  const draft = join(home, `.draft-${process.pid}-${Date.now()}`);
  try {
    await mkdir(draft);
    for (const file of [specFile, weightsFile]) {
      await copyFile(join(from, file), join(draft, file));
      const copy = await open(join(draft, file), 'r');
      await copy.sync();
      await copy.close();
    }
    for (;;) {
      const version = (await highestVersion(home)) + 1;
      try {
        await rename(draft, join(home, String(version)));
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

async function highestVersion(home: string): Promise<number> {
  const versions = (await readdir(home)).filter((name) => /^[1-9]\d{0,8}$/.test(name)).map(Number);
  return Math.max(0, ...versions);
}
