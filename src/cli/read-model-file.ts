import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readImportedFile, type ImportedFile } from '../formats/read-imported.ts';
import { createFolderFiles } from '../repository/folder-files.ts';

/** Of all the external files that a model file names. */
const maxExternalBytes = 2 * 1024 ** 3;

/** Reads a model file of another framework, with the files beside it that it names. @throws UnrollError invalid_weights */
export const readModelFile = async (path: string): Promise<ImportedFile> =>
  readImportedFile(await readFile(path), {
    externalFiles: createFolderFiles(dirname(path), maxExternalBytes),
  });
