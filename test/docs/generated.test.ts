import { readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { documentPaths } from '../../scripts/readme/documents.ts';
import { fillTables } from '../../scripts/readme/tables.ts';

const root = join(import.meta.dirname, '../..');
const names = documentPaths().map((path) => relative(root, path));

it.each(names)('has the settings and metrics of the code in %s (npm run readme)', async (name) => {
  const page = readFileSync(join(root, name), 'utf8');
  expect(page).toBe(await fillTables(page));
});

it('has a page with the table of settings and a page with the table of metrics', () => {
  const withTable = (name: string): string[] =>
    documentPaths()
      .filter((path) => readFileSync(path, 'utf8').includes(`<!-- ${name} -->`))
      .map((path) => basename(path));
  expect(withTable('settings')).toEqual(['configuration.md']);
  expect(withTable('metrics')).toEqual(['metrics.md']);
});
