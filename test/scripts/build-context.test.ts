import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createIgnore } from '../../scripts/container/build-context.ts';

it('lets the last pattern decide, and matches the folders above a path', () => {
  const isIgnored = createIgnore('*\n!src\n# a comment\nsrc/*.log\n**/secret?\n');
  expect(['a', 'node_modules/x/y', 'src/a.log', 'src/b/secret1'].filter((path) => !isIgnored(path))).toEqual(
    [],
  );
  expect(['src/a.ts', 'src/b/c.log', 'src/secret'].filter(isIgnored)).toEqual([]);
});

it('keeps tests, other scripts and local data out of the image', () => {
  const isIgnored = createIgnore(readFileSync(join(import.meta.dirname, '../../.dockerignore'), 'utf8'));
  for (const path of ['test/x.ts', 'scripts/x.ts', 'data/unroll.db', '.git/config', 'node_modules/x/y.js'])
    expect([path, isIgnored(path)]).toEqual([path, true]);
  for (const path of [
    'src/main.ts',
    'scripts/build.ts',
    'scripts/bundle/bundle.ts',
    'bin/unroll.js',
    'models/moby/1/model.json',
    'package.json',
  ])
    expect([path, isIgnored(path)]).toEqual([path, false]);
});
