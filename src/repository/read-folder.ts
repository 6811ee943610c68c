import { readdir } from 'node:fs/promises';
import { isOutOfDescriptors } from '../errors.ts';

/**
 * The names in a folder; none when it cannot be read, since a folder may be removed at any moment.
 * @throws when no file descriptor is left to read it with: its files are still there
 */
export async function readFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isOutOfDescriptors(error)) throw error;
    return [];
  }
}
