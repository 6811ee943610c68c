import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

/** Rows of the table below a heading, each as the folders and files of `src/` in its first column. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `src/'))
    .map((line) => [...line.split('|')[1]!.matchAll(/`src\/([^/`]+)\/?`/g)].map(([, name]) => name!));
}

const layers = rowsUnder('What may import what');

it('gives every folder of src a layer and a description', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => name !== 'telemetry')
    .sort();
  const isFolder = (name: string): boolean => folders.includes(name);
  expect(layers.flat().filter(isFolder).sort()).toEqual(folders);
  const described = rowsUnder('Components').flat();
  expect(folders.filter((name) => !described.includes(name))).toEqual([]);
});

it('lists the layers in the order in which imports go', () => {
  const layerOf = (path: string): number => layers.findIndex((names) => names.includes(path.split('/')[0]!));
  const src = join(root, 'src');
  const upward = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && layerOf(file) >= 0)
    .flatMap((file) => {
      const text = readFileSync(join(src, file), 'utf8');
      return [...text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)]
        .map(([, target]) => relative(src, join(src, dirname(file), target!)))
        .filter((target) => layerOf(target) >= 0 && layerOf(target) < layerOf(file))
        .map((target) => `${file} imports ${target}`);
    });
  expect(upward).toEqual([]);
});
