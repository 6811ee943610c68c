import { readdir } from 'node:fs/promises';
import { isOutOfDescriptors } from '../errors.ts';

/**
 * Lists the names in a folder. The list is empty when the folder cannot be read: it may be removed at any
 * moment.
 * @throws the file system's error when the process is out of file descriptors, since the files still exist
 */
export async function readFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isOutOfDescriptors(error)) throw error;
    return [];
  }
}
