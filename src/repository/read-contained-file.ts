import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import { relative, isAbsolute, sep } from 'node:path';
import { isOutOfDescriptors, UnrollError } from '../errors.ts';

// Reads files of a model folder only when their real path is inside the models folder.

/** Why a file cannot be read. The message has no absolute paths, so that it may be shown to callers. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
  /** Whether the file does not exist. */
  get missing(): boolean {
    return (this.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  }
}

/** Whether a path is the folder or below it. Both must be real paths, without links. */
export function isInside(realFolder: string, realFile: string): boolean {
  const path = relative(realFolder, realFile);
  return path === '' || (path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path));
}

/**
 * Reads a regular file. Its size is checked before anything is read.
 * @param realRoot the folder that the file's real path must be inside of
 * @param rootLabel how error messages call that folder
 * @throws UnreadableFile when it is missing, outside, not a regular file or larger than `maxBytes`;
 * UnrollError too_many_open_files
 */
export const readContainedFile = (
  realRoot: string,
  path: string,
  maxBytes: number,
  rootLabel = 'the models folder',
): Promise<Uint8Array<ArrayBuffer>> =>
  openContainedFile(realRoot, path, rootLabel, (file, size) => {
    if (size > maxBytes) throw new UnreadableFile(`has ${size} bytes, the limit is ${maxBytes}`);
    return readBytes(file, size);
  });

/** Reads the first bytes of a regular file. @throws as readContainedFile */
export const readFileHead = (realRoot: string, path: string, bytes: number): Promise<Uint8Array> =>
  openContainedFile(realRoot, path, 'the models folder', (file, size) =>
    readBytes(file, Math.min(size, bytes)),
  );

async function openContainedFile<T>(
  realRoot: string,
  path: string,
  rootLabel: string,
  read: (file: FileHandle, size: number) => Promise<T>,
): Promise<T> {
  const real = await realpath(path).catch((error: unknown) => throwUnreadable(error));
  if (!isInside(realRoot, real)) throw new UnreadableFile(`is a link that leads out of ${rootLabel}`);
  // O_NOFOLLOW: a link created since realpath is not followed; O_NONBLOCK: opening a pipe does not block
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(real, flags).catch((error: unknown) => throwUnreadable(error));
  try {
    const { size, isFile } = await file
      .stat()
      .then((stats) => ({ size: stats.size, isFile: stats.isFile() }));
    if (!isFile) throw new UnreadableFile('is not a regular file');
    return await read(file, size);
  } finally {
    await file.close();
  }
}

async function readBytes(file: FileHandle, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await file.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) throw new UnreadableFile('was truncated while it was read');
    filled += bytesRead;
  }
  return bytes;
}

function throwUnreadable(error: unknown): never {
  if (isOutOfDescriptors(error))
    throw new UnrollError('too_many_open_files', 'no file descriptor is left (ulimit -n)', { cause: error });
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  const known: Record<string, string> = {
    ENOENT: 'is missing',
    EACCES: 'may not be read by this user',
    ELOOP: 'is a broken or circular link',
  };
  throw new UnreadableFile(known[code] ?? `cannot be read (${code})`, { cause: error });
}
