import { join } from 'node:path';
import { UnrollError } from '../errors.ts';
import { detectFormat } from '../formats/detect.ts';
import { quote } from '../formats/format-errors.ts';
import { parseJson } from '../formats/parse-json.ts';
import { isImportableJson } from '../formats/importable-json.ts';
import { findUnreadFormat } from '../formats/unread-formats.ts';
import { specFile } from '../model-files.ts';
import { inspectPath } from './inspect-path.ts';
import { readFileHead, UnreadableFile } from './read-contained-file.ts';
import { readFolder } from './read-folder.ts';

/** Bytes that tell a file's format; of JSON, the whole topology of a network. */
const headBytes = 64 * 1024;
const maxJsonBytes = 16 * 1024 * 1024;
const maxFiles = 100;

/** What a file is by its content; `unread` is why it cannot be read. */
type Content = 'network' | 'readable' | 'other' | 'folder' | { readonly unread: string };

/**
 * Finds the one file to serve of a folder without a model.json, by the content of its files.
 * @returns its name
 * @throws UnrollError invalid_model when there is none or several, and what the files are that cannot be read
 */
export async function findModelFile(realRoot: string, folder: string): Promise<string> {
  const names = (await readFolder(folder)).filter((name) => !name.startsWith('.')).sort();
  const files = await Promise.all(
    names
      .slice(0, maxFiles)
      .map(async (name) => ({ name, content: await readContent(realRoot, folder, name) })),
  );
  // a topology names the files of its weights, which may be of a readable format
  const networks = files.filter(({ content }) => content === 'network');
  const readable = networks.length > 0 ? networks : files.filter(({ content }) => content === 'readable');
  const [file] = readable;
  if (file && readable.length === 1) return file.name;
  const missing = (what: string): never => {
    throw new UnrollError('invalid_model', `${specFile} is missing${what}`);
  };
  const list = (some: readonly { readonly name: string }[]): string =>
    some
      .slice(0, 5)
      .map(({ name }) => quote(name))
      .join(', ');
  if (file) return missing(`, which must name the one to serve of ${list(readable)}`);
  for (const { name, content } of files)
    if (typeof content === 'object') return missing(`, and ${quote(name)} ${content.unread}`);
  const inner = files.find(({ content }) => content === 'folder');
  if (inner)
    return missing(`, and ${quote(inner.name)} is a folder: put its files into the version’s folder itself`);
  return missing(
    names.length === 0 ? ': the folder is empty' : `, and no file here is of a known format: ${list(files)}`,
  );
}

async function readContent(realRoot: string, folder: string, name: string): Promise<Content> {
  try {
    const path = join(folder, name);
    const kind = await inspectPath(realRoot, path);
    if (kind === 'folder') return 'folder';
    const head = await readFileHead(realRoot, path, headBytes);
    const format = detectFormat(head);
    if (format !== null && format !== 'json') return 'readable';
    const unread = findUnreadFormat(head);
    if (unread) return { unread: `is ${unread.name}: ${unread.advice}` };
    if (format === null) return 'other';
    const json = head.length < headBytes ? head : await readFileHead(realRoot, path, maxJsonBytes);
    return isImportableJson(parseJson(json, name).value) ? 'network' : 'other';
  } catch (error) {
    // a link that leads out, a pipe
    if (error instanceof UnreadableFile) return { unread: error.message };
    if (error instanceof UnrollError && error.code === 'invalid_weights') return 'other';
    throw error;
  }
}
