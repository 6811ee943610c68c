import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BundledFile } from './bundle.ts';

/**
 * Makes these the JavaScript files of a folder. A server may run from them: those that stay the same are not touched, and
 * no file is ever half written.
 */
export function writeFiles(folder: string, files: readonly BundledFile[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of files)
    if (readText(join(folder, name)) !== text) replaceFile(folder, name, text);
  const names = new Set(files.map(({ name }) => name));
  for (const name of globSync('*.js', { cwd: folder })) if (!names.has(name)) rmSync(join(folder, name));
}

export function replaceFile(folder: string, name: string, text: string): void {
  const written = join(folder, `${name}.${process.pid}`);
  writeFileSync(written, text);
  renameSync(written, join(folder, name));
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
