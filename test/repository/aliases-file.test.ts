import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  maxAliases,
  noAliases,
  readAliases,
  readAliasesToChange,
  withAlias,
  writeAliases,
} from '../../src/repository/aliases-file.ts';
import { temporaryFolder } from './model-folders.ts';

const folder = (content?: string): { root: string; home: string } => {
  const root = temporaryFolder();
  const home = join(root, 'tiny');
  mkdirSync(home);
  if (content !== undefined) writeFileSync(join(home, 'aliases.json'), content);
  return { root, home };
};

it('reads back what it has written, sorted, and leaves no draft', async () => {
  const { root, home } = folder();
  expect(await readAliases(root, home)).toEqual(noAliases);
  await writeAliases(home, withAlias(withAlias({ ...noAliases, lastVersion: 5 }, 'stable', 2), 'canary', 3));
  expect(readFileSync(join(home, 'aliases.json'), 'utf8')).toBe(
    `${JSON.stringify({ aliases: { canary: 3, stable: 2 }, last_version: 5 }, null, 2)}\n`,
  );
  const { versions, lastVersion } = await readAliases(root, home);
  expect([[...versions], lastVersion]).toEqual([
    [
      ['canary', 3],
      ['stable', 2],
    ],
    5,
  ]);
  expect(readdirSync(home)).toEqual(['aliases.json']);
  expect([...withAlias({ versions, lastVersion }, 'canary', null).versions.keys()]).toEqual(['stable']);
});

it.each([
  ['{', 'is not valid JSON'],
  ['[]', 'has a wrong value'],
  ['{"aliases":{"default":"3"}}', 'has a wrong aliases.default'],
  ['{"aliases":{"default":0}}', 'has a wrong aliases.default'],
  ['{"aliases":{"3":3}}', 'has a wrong aliases.3'],
  ['{"aliases":{},"more":1}', 'has a wrong value'],
  [
    JSON.stringify({
      aliases: Object.fromEntries(Array.from({ length: maxAliases + 1 }, (_, i) => [`a${i}`, 1])),
    }),
    'more than 100 aliases',
  ],
  [' '.repeat(70_000), 'the limit is 65536'],
])('refuses %.60j', async (content, says) => {
  const { root, home } = folder(content);
  await expect(readAliases(root, home)).rejects.toThrow(says);
  await expect(readAliasesToChange(root, home)).rejects.toMatchObject({ code: 'models_read_only' });
});

it('follows no link out of the models folder', async () => {
  const { root, home } = folder();
  const other = join(temporaryFolder(), 'other.json');
  writeFileSync(other, '{"aliases":{"default":1}}');
  symlinkSync(other, join(home, 'aliases.json'));
  await expect(readAliases(root, home)).rejects.toThrow('leads out of the models folder');
});
