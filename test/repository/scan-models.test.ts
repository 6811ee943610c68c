import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { scanModels } from '../../src/repository/scan-models.ts';
import { temporaryFolder, writeModel } from './model-folders.ts';

const names = async (root: string): Promise<string[]> =>
  (await scanModels(root)).found.map(({ name, version }) => `${name}@${version}`);

it('finds versions alone', async () => {
  const root = temporaryFolder();
  writeModel(root, 'tiny', 1);
  writeModel(root, 'tiny', 10);
  for (const folder of [
    'tiny/latest',
    'tiny/0',
    'tiny/000',
    'tiny/-1',
    'tiny/1234567890123456',
    'tiny/1.5',
    'no name/1',
    'ends./1',
    '.git/1',
    'é/1',
    '%2e%2e/1',
  ])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'README'), '');
  expect((await names(root)).sort()).toEqual(['tiny@1', 'tiny@10']);
});

const skippedIn = async (root: string): Promise<Record<string, string>> =>
  Object.fromEntries((await scanModels(root)).skipped.map(({ path, reason }) => [path, reason]));

it('reports what is not where a version must be, with the reason', async () => {
  const root = temporaryFolder();
  writeModel(root, 'tiny', 1);
  for (const folder of ['tiny/latest', 'tiny/01', 'no name/1', '.git/1', 'é/1', 'empty', 'group/tiny/1'])
    mkdirSync(join(root, folder), { recursive: true });
  const onnx = Uint8Array.of(0x08, 7, 0x3a, 0);
  for (const file of ['model.json', 'tiny/model.json', 'README', 'tiny/README.md', 'package.json'])
    writeFileSync(join(root, file), file.startsWith('README') ? '' : '{}');
  for (const file of ['left.bin', 'tiny/left', 'group/model.onnx']) writeFileSync(join(root, file), onnx);
  writeFileSync(join(root, 'phone.tflite'), '\0\0\0\0TFL3');
  const version = 'has no valid name of a version: a whole number from 1, of at most 15 digits';
  const name = 'has no valid name of a model: 1 to 64 of A–Z a–z 0–9 _ - ., not with a dot at either end';
  const misplaced = 'is not in the folder of a version: move it to NAME/1/';
  const beside = 'is not in the folder of a version: move it to tiny/1/';
  expect(await skippedIn(root)).toEqual({
    'tiny/latest': version,
    'tiny/01': 'is the same version as tiny/1',
    'tiny/model.json': beside,
    'tiny/left': beside,
    'no name': name,
    é: name,
    'model.json': misplaced,
    'left.bin': misplaced,
    'phone.tflite': misplaced,
    empty: 'has no folder of a version, such as empty/1',
    group: `has no folder of a version, such as group/1; group/model.onnx is not in the folder of a version: move it to group/1/; group/tiny ${version}`,
  });
});

it('does not report a model whose first version is being published', async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, 'new', '.draft-1'), { recursive: true });
  expect(await skippedIn(root)).toEqual({});
});

it('reports what is beyond the limit, and lists no more than a thousand paths', async () => {
  const root = temporaryFolder();
  for (const model of ['a', 'b', 'c']) mkdirSync(join(root, model, '1'), { recursive: true });
  for (let other = 0; other < 1000; other++) mkdirSync(join(root, `x ${other}`));
  const { found, skipped } = await scanModels(root, { models: 2, versions: 2 });
  expect(found.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(skipped).toHaveLength(1001);
  expect(skipped[0]).toEqual({ path: 'c', reason: 'is beyond the limit of 2' });
  expect(skipped.at(-1)!.reason).toMatch(/^1 more/);
});

it('finds versions that are times or have leading zeros, and models with a dot', async () => {
  const root = temporaryFolder();
  for (const version of ['20240131120000', '1706702400000', '0007', '10'])
    mkdirSync(join(root, 'my.model-v1.5', version), { recursive: true });
  const { found } = await scanModels(root);
  expect(found.map(({ name, version }) => `${name}@${version}`)).toEqual([
    'my.model-v1.5@7',
    'my.model-v1.5@10',
    'my.model-v1.5@1706702400000',
    'my.model-v1.5@20240131120000',
  ]);
  expect(found[0]!.folder).toMatch(/0007$/);
});

it('keeps the newest versions where there are too many', async () => {
  const root = temporaryFolder();
  for (const version of ['9', '10', '011']) mkdirSync(join(root, 'm', version), { recursive: true });
  const { found, skipped } = await scanModels(root, { models: 1, versions: 2 });
  expect(found.map(({ version }) => version)).toEqual([10, 11]);
  expect(skipped).toEqual([{ path: 'm/9', reason: 'is beyond the limit of 2' }]);
});

it('follows links inside the root, but none that leads out of it', async () => {
  const elsewhere = temporaryFolder();
  const outside = writeModel(elsewhere, 'tiny', 1);
  const root = temporaryFolder();
  writeModel(root, 'tiny', 1);
  symlinkSync('1', join(root, 'tiny', '2'));
  symlinkSync(outside, join(root, 'tiny', '3'));
  symlinkSync(elsewhere, join(root, 'climber'));
  symlinkSync('nowhere', join(root, 'broken'));
  expect(await names(root)).toEqual(['tiny@1', 'tiny@2']);
  const out = 'is a link that leads out of the models folder';
  expect(await skippedIn(root)).toEqual({
    climber: out,
    'tiny/3': out,
    broken: 'is a broken or circular link',
  });
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
