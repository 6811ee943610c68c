import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { isOutOfDescriptors } from '../errors.ts';

/**
 * Lists the names in a folder. The list is empty when the folder cannot be read: it may be removed at any
 * moment.
 * @throws the file system's error when the process is out of file descriptors, since the files still exist
 */
export const readFolder = (path: string): Promise<string[]> => readdir(path).catch(toEmpty);

/** Lists what is in a folder, as `readFolder` does. */
export const readEntries = (path: string): Promise<Dirent[]> =>
  readdir(path, { withFileTypes: true }).catch(toEmpty);

function toEmpty(error: unknown): never[] {
  if (isOutOfDescriptors(error)) throw error;
  return [];
}
