import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, it } from 'vitest';
import { documentPaths } from '../../scripts/readme/documents.ts';
import { fillTables } from '../../scripts/readme/tables.ts';

it.each(documentPaths())('has the settings and metrics of the code in %s (npm run readme)', async (path) => {
  const page = readFileSync(path, 'utf8');
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
