import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

/** The lines below a heading, down to the next one. */
const readSection = (heading: string): string[] =>
  page.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!.split('\n');

/** The folders and files of `src/` in the first column of a table's line. */
const namesIn = (line: string): string[] =>
  [...(line.split('|')[1] ?? '').matchAll(/`src\/([^/`]+)\/?`/g)].map(([, name]) => name!);

interface Row {
  readonly names: readonly string[];
  readonly mayImport: string;
}
const rows: Row[] = [];
for (const line of readSection('What may import what').filter((one) => one.startsWith('| `src/')))
  rows.push({ names: namesIn(line), mayImport: line.split('|')[2]!.trim() });

it('gives every folder of src a row in the table of imports and a description', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  const isFolder = (name: string): boolean => folders.includes(name);
  const inTable = rows.flatMap(({ names }) => names).filter(isFolder);
  expect(inTable.sort()).toEqual(folders);
  const described = readSection('Components').flatMap(namesIn);
  expect(folders.filter((name) => !described.includes(name))).toEqual([]);
});

/** Whether the table allows a file of one row to import from another. */
function isAllowed(from: number, to: number, target: string): boolean {
  const { mayImport } = rows[from]!;
  if (mayImport.startsWith('everything below'))
    return to >= from && !mayImport.split(';')[0]!.includes(` but ${target}`);
  return to > from && mayImport.split(', ').includes(target);
}

it('has in the table of imports what the files of src import', () => {
  const src = join(root, 'src');
  const topFolder = (path: string): string => path.split(sep)[0]!;
  const findRow = (room: string): number => rows.findIndex(({ names }) => names.includes(room));
  const wrong = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && findRow(topFolder(file)) >= 0)
    .flatMap((file) =>
      [...readFileSync(join(src, file), 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g)]
        .map(([, target]) => relative(src, join(src, dirname(file), target!)))
        .filter((target) => topFolder(target) !== topFolder(file) && findRow(topFolder(target)) >= 0)
        .filter(
          (target) => !isAllowed(findRow(topFolder(file)), findRow(topFolder(target)), topFolder(target)),
        )
        .map((target) => `${file} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});
