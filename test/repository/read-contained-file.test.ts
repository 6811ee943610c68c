import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isInside, readContainedFile } from '../../src/repository/read-contained-file.ts';
import { temporaryFolder } from './model-folders.ts';

it('reads a file inside the root, also through a link inside it', async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, 'file'), 'abc');
  symlinkSync('file', join(root, 'link'));
  for (const name of ['file', 'link'])
    expect(await readContainedFile(root, join(root, name), 3)).toEqual(Uint8Array.of(97, 98, 99));
});

it('refuses a file that a link leads to outside the root', async () => {
  const outside = temporaryFolder();
  writeFileSync(join(outside, 'secret'), 'x');
  const root = temporaryFolder();
  symlinkSync(join(outside, 'secret'), join(root, 'file'));
  symlinkSync(outside, join(root, 'folder'));
  for (const path of ['file', 'folder/secret', '../' + outside.split('/').at(-1)! + '/secret'])
    await expect(readContainedFile(root, join(root, path), 10)).rejects.toThrow(
      'leads out of the models folder',
    );
});

it('refuses a file above the size limit before reading it', async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, 'large'), '');
  // sparse, and larger than memory
  truncateSync(join(root, 'large'), 2 ** 42);
  await expect(readContainedFile(root, join(root, 'large'), 1000)).rejects.toThrow(
    'has 4398046511104 bytes, the limit is 1000',
  );
});

it('refuses folders, pipes, circular links and missing files, without absolute paths in the message', async () => {
  const root = temporaryFolder();
  mkdirSync(join(root, 'folder'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  symlinkSync('loop', join(root, 'loop'));
  const refusal = async (name: string): Promise<string> =>
    readContainedFile(root, join(root, name), 10).then(
      () => 'was read',
      (error: Error) => error.message,
    );
  expect(await refusal('folder')).toBe('is not a regular file');
  expect(await refusal('pipe')).toBe('is not a regular file');
  expect(await refusal('loop')).toBe('is a broken or circular link');
  expect(await refusal('nothing')).toBe('is missing');
  expect(await refusal('n'.repeat(5000))).toBe('cannot be read (ENAMETOOLONG)');
});

it('distinguishes paths inside a folder from paths outside', () => {
  expect(isInside('/models', '/models')).toBe(true);
  expect(isInside('/models', '/models/a/..b')).toBe(true);
  expect(isInside('/models', '/models2')).toBe(false);
  expect(isInside('/models', '/')).toBe(false);
  expect(isInside('/models', '/models/../etc')).toBe(false);
});
