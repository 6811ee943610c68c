import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readForeign, type ForeignFile } from '../formats/read-imported.ts';
import { siblingsIn } from '../repository/external-files-in.ts';

/** Of all files beside it that a file names. */
const siblingBytes = 2 * 1024 ** 3;

/** A file of others, with the files it names beside it. @throws UnrollError invalid_weights */
export const readImportedFile = async (path: string): Promise<ForeignFile> =>
  readForeign(await readFile(path), { siblings: siblingsIn(dirname(path), siblingBytes) });
