import { invalidWeights, quote } from './format-errors.ts';

/** Access to the files in an imported file's folder: some formats store their weights there. */
export interface ExternalFiles {
  /**
   * Reads a file. @param name path relative to the imported file
   * @throws UnrollError invalid_weights when it is missing, too large or not inside the folder
   */
  read(name: string): Promise<Uint8Array>;
  /** Lists the names in the folder, sorted. */
  list(): Promise<readonly string[]>;
}

/** Limit on the files that one imported file names. */
const maxFiles = 1000;
const maxNameLength = 512;

/** For a file that was given without its folder: there are no external files. */
export const noExternalFiles: ExternalFiles = {
  read: (name) =>
    invalidWeights(`its weights are in the file ${quote(name)}, but it was given without its folder`),
  list: () => Promise.resolve([]),
};

/**
 * Reads the files that an imported file names, each once.
 * @throws UnrollError invalid_weights when a name is not a relative path inside the folder, or a file cannot
 * be read
 */
export async function readExternalFiles(
  externalFiles: ExternalFiles,
  names: Iterable<string>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const byPath = new Map<string, Uint8Array>();
  for (const name of names) {
    if (files.has(name)) continue;
    if (files.size >= maxFiles) invalidWeights(`it names more than ${maxFiles} external files`);
    const path = name
      .split('/')
      .filter((part) => part !== '.')
      .join('/');
    if (!isBelow(path))
      invalidWeights(`it names the file ${quote(name)}, must be a relative path inside its folder`);
    const file = byPath.get(path) ?? (await externalFiles.read(path));
    byPath.set(path, file);
    files.set(name, file);
  }
  return files;
}

/** Whether a path without '.' is relative and stays inside the folder: no '..', root, drive or backslash. */
const isBelow = (name: string): boolean =>
  name.length <= maxNameLength &&
  !/[\\:\0]/.test(name) &&
  name.split('/').every((part) => part !== '' && part !== '..');
