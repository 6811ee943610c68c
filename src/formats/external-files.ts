import { invalidWeights, quote } from './format-errors.ts';

/** The files beside one that is read: some formats keep their numbers there. */
export interface ExternalFiles {
  /**
   * @param name relative to the file that names it
   * @throws UnrollError invalid_weights when it is missing, too large or not inside the folder
   */
  read(name: string): Promise<Uint8Array>;
  /** Names in the same folder, in order. */
  list(): Promise<readonly string[]>;
}

/** Files that one file may name beside it. */
const mostSiblings = 1000;
const longestName = 512;

/** What there is where a file stands alone. */
export const noExternalFiles: ExternalFiles = {
  read: (name) =>
    invalidWeights(`its numbers lie in the file ${quote(name)}, and it was given without a folder`),
  list: () => Promise.resolve([]),
};

/**
 * The files that a file names, each read once. A name is one below the folder: it climbs out of nothing and begins nowhere else.
 * @throws UnrollError invalid_weights
 */
export async function readExternalFiles(
  externalFiles: ExternalFiles,
  names: Iterable<string>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of names) {
    if (files.has(name)) continue;
    if (files.size >= mostSiblings) invalidWeights(`it names more than ${mostSiblings} other files`);
    if (!isBelow(name))
      invalidWeights(`it names the file ${quote(name)}: must be a relative path that stays in its folder`);
    files.set(name, await externalFiles.read(name));
  }
  return files;
}

/** Neither '..', nor a root, a drive or a backslash, which are paths elsewhere. */
const isBelow = (name: string): boolean =>
  name.length <= longestName &&
  !/[\\:\0]/.test(name) &&
  name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
