import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * SHA-256 of the files in folders, with their names: what is kept between starts holds for the same code only.
 * @param rest what else it depends on
 * @returns 64 hexadecimal digits
 */
export function hashCode(folders: readonly string[], rest: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(rest));
  for (const folder of folders)
    for (const file of listFiles(folder)) hash.update(file.slice(folder.length)).update(readFileSync(file));
  return hash.digest('hex');
}

const listFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
