import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readForeign, type ForeignFile } from '../formats/read-imported.ts';
import { siblingsIn } from '../repository/external-files-in.ts';

/** Limit of all external files that a model file names. */
const maxExternalBytes = 2 * 1024 ** 3;

/** Reads a model file with the external files that it names. @throws UnrollError invalid_weights */
export const readImportedFile = async (path: string): Promise<ForeignFile> =>
  readForeign(await readFile(path), { siblings: siblingsIn(dirname(path), maxExternalBytes) });
