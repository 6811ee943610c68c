import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readImportedFile, type ImportedFile } from '../formats/read-imported.ts';
import { createFolderFiles } from '../repository/folder-files.ts';

/** Of all files beside it that a file names. */
const siblingBytes = 2 * 1024 ** 3;

/** A file of others, with the files it names beside it. @throws UnrollError invalid_weights */
export const readImportedFile = async (path: string): Promise<ImportedFile> =>
  readImportedFile(await readFile(path), { externalFiles: createFolderFiles(dirname(path), siblingBytes) });
