import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { UnrollError } from '../errors.ts';
import { quote } from '../formats/format-errors.ts';
import type { ExternalFiles } from '../formats/external-files.ts';
import { readContainedFile, UnreadableFile } from './read-contained-file.ts';
import { readFolder } from './read-folder.ts';

/**
 * Opens a folder for files that an imported file names.
 * @param maxBytes limit on the total size of the files that are read
 */
export function createFolderFiles(folder: string, maxBytes: number): ExternalFiles {
  let remainingBytes = maxBytes;
  return {
    list: async () => (await readFolder(folder)).filter((name) => !name.startsWith('.')).sort(),
    async read(name) {
      try {
        const bytes = await readContainedFile(
          await realpath(folder),
          join(folder, name),
          remainingBytes,
          'its folder',
        );
        remainingBytes -= bytes.length;
        return bytes;
      } catch (error) {
        if (!(error instanceof UnreadableFile)) throw error;
        throw new UnrollError('invalid_weights', `the external file ${quote(name)} ${error.message}`, {
          cause: error,
        });
      }
    },
  };
}
