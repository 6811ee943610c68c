import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { UnrollError } from '../errors.ts';
import { quote } from '../formats/format-errors.ts';
import type { ExternalFiles } from '../formats/external-files.ts';
import { readContainedFile, UnreadableFile } from './read-contained-file.ts';
import { readFolder } from './read-folder.ts';

/** The files below a folder, of so many bytes altogether; what a link puts elsewhere is not there. */
export function createFolderFiles(folder: string, maxBytes: number): ExternalFiles {
  let left = maxBytes;
  return {
    list: async () => (await readFolder(folder)).filter((name) => !name.startsWith('.')).sort(),
    async read(name) {
      try {
        const bytes = await readContainedFile(await realpath(folder), join(folder, name), left, 'its folder');
        left -= bytes.length;
        return bytes;
      } catch (error) {
        if (!(error instanceof UnreadableFile)) throw error;
        throw new UnrollError('invalid_weights', `the file ${quote(name)} it names ${error.message}`, {
          cause: error,
        });
      }
    },
  };
}
