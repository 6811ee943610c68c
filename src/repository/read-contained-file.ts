import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { relative, isAbsolute, sep } from 'node:path';
import { isOutOfDescriptors, UnrollError } from '../errors.ts';

// Files of a model folder are read only where they really lie inside the models folder.

/** Says what is wrong without the machine's paths: its message may be shown to callers. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
  /** Whether there is no such file. */
  get missing(): boolean {
    return (this.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  }
}

/** Whether a path is the folder or below it. Both are real paths, with no links left in them. */
export function isInside(realFolder: string, realFile: string): boolean {
  const way = relative(realFolder, realFile);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/**
 * Reads a regular file of at most `maxBytes`, which is checked before anything is read.
 * @param realRoot what the file may not climb out of, by links or otherwise; `called` is what a message calls it
 * @throws UnreadableFile, UnrollError too_many_open_files
 */
export async function readContainedFile(
  realRoot: string,
  path: string,
  maxBytes: number,
  called = 'the models folder',
): Promise<Uint8Array<ArrayBuffer>> {
  const real = await realpath(path).catch((error: unknown) => unreadable(error));
  if (!isInside(realRoot, real)) throw new UnreadableFile(`is a link that leads out of ${called}`);
  // a link put there since is not followed, and a pipe does not hold us up
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(real, flags).catch((error: unknown) => unreadable(error));
  try {
    const { size, isFile } = await file
      .stat()
      .then((stats) => ({ size: stats.size, isFile: stats.isFile() }));
    if (!isFile) throw new UnreadableFile('is not a regular file');
    if (size > maxBytes) throw new UnreadableFile(`has ${size} bytes, the limit is ${maxBytes}`);
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await file.read(bytes, filled, size - filled, filled);
      if (bytesRead === 0) throw new UnreadableFile('became shorter while it was read');
      filled += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

function unreadable(error: unknown): never {
  if (isOutOfDescriptors(error))
    throw new UnrollError('too_many_open_files', 'no file descriptor is left (ulimit -n)', { cause: error });
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const known: Record<string, string> = {
    ENOENT: 'is missing',
    EACCES: 'may not be read by this user',
    ELOOP: 'is a link that leads nowhere',
  };
  throw new UnreadableFile(known[code] ?? `cannot be read (${code})`, { cause: error });
}
