import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scanModels } from '../../src/repository/scan-models.ts';
import { temporaryFolder, writeModel } from './model-folders.ts';

const names = async (root: string): Promise<string[]> =>
  (await scanModels(root)).found.map(({ name, version }) => `${name}@${version}`);

it('finds versions and skips everything else', async () => {
  const root = temporaryFolder();
  writeModel(root, 'tiny', 1);
  writeModel(root, 'tiny', 10);
  for (const folder of [
    'tiny/latest',
    'tiny/01',
    'tiny/0',
    'tiny/-1',
    'tiny/1.5',
    'no.name/1',
    '.git/1',
    'é/1',
    '%2e%2e/1',
  ])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'README'), '');
  expect((await names(root)).sort()).toEqual(['tiny@1', 'tiny@10']);
  const { skipped } = await scanModels(root);
  expect(skipped).toContain('tiny/latest');
  expect(skipped).toContain('%2e%2e');
  expect(skipped).not.toContain('README');
});

it('follows links inside the root, but none that leads out of it', async () => {
  const elsewhere = temporaryFolder();
  const outside = writeModel(elsewhere, 'tiny', 1);
  const root = temporaryFolder();
  writeModel(root, 'tiny', 1);
  symlinkSync('1', join(root, 'tiny', '2'));
  symlinkSync(outside, join(root, 'tiny', '3'));
  symlinkSync(elsewhere, join(root, 'climber'));
  expect(await names(root)).toEqual(['tiny@1', 'tiny@2']);
  expect((await scanModels(root)).skipped).toEqual(['climber', 'tiny/3']);
});

it('changes the stamp when a file is replaced by one of the same size and age', async () => {
  const root = temporaryFolder();
  const folder = writeModel(root, 'tiny', 1, { seed: 1 });
  const stamp = async (): Promise<string> => (await scanModels(root)).found[0]!.stamp;
  const file = join(folder, 'weights.safetensors');
  utimesSync(file, 1000, 1000);
  const before = await stamp();
  expect(await stamp()).toBe(before);
  writeModel(root, 'tiny', 1, { seed: 2 });
  utimesSync(file, 1000, 1000);
  expect(await stamp()).not.toBe(before);
});

it('finds a version whose files are still being copied', async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, 'tiny', '1'), { recursive: true });
  expect((await scanModels(root)).found[0]).toMatchObject({
    name: 'tiny',
    created: 0,
    stamp: '',
  });
});
