import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isOutOfDescriptors } from '../errors.ts';
import { detectFormat } from '../formats/detect.ts';
import { findUnreadFormat } from '../formats/unread-formats.ts';
import { specFile } from '../model-files.ts';
import { isInside, readFileHead, UnreadableFile } from './read-contained-file.ts';

/** Bytes that tell most formats; the scan reads them of every file that is not in a version's folder. */
const headBytes = 4096;

/**
 * What a path in the models folder is; why it cannot be read, as a phrase that follows the path; `gone` where
 * it does not exist any more.
 * @throws the file system's error when the process is out of file descriptors
 */
export async function inspectPath(
  realRoot: string,
  path: string,
): Promise<'folder' | 'file' | 'gone' | { readonly unreadable: string }> {
  try {
    const real = await realpath(path);
    if (!isInside(realRoot, real)) return { unreadable: 'is a link that leads out of the models folder' };
    return (await stat(real)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    if (isOutOfDescriptors(error)) throw error;
    const entry = await lstat(path).catch(() => null);
    if (!entry) return 'gone';
    return {
      unreadable: entry.isSymbolicLink() ? 'is a broken or circular link' : 'may not be read by this user',
    };
  }
}

/** Whether a file is a model or weights, by its content, or a model.json. */
export async function isModelFile(realRoot: string, path: string): Promise<boolean> {
  if (basename(path) === specFile) return true;
  try {
    const head = await readFileHead(realRoot, join(realRoot, path), headBytes);
    const format = detectFormat(head);
    return format === null ? head.length > 0 && findUnreadFormat(head) !== null : format !== 'json';
  } catch (error) {
    if (error instanceof UnreadableFile) return false;
    throw error;
  }
}
