import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createJobFolders } from '../../src/jobs/job-folders.ts';
import { temporaryFolder } from './fixtures.ts';

it('finds the last resumable checkpoint, skipping checkpoints that can only be served', async () => {
  const folders = createJobFolders(temporaryFolder());
  await folders.create('j');
  expect(await folders.lastResumableStep('j')).toBeNull();
  for (const [step, resumable] of [
    ['9', true],
    ['10', true],
    ['200', false],
    ['.300', true],
  ] as const) {
    mkdirSync(join(folders.path('j'), 'checkpoints', step));
    if (resumable) writeFileSync(join(folders.path('j'), 'checkpoints', step, 'training.json'), '{}');
  }
  expect(await folders.lastResumableStep('j')).toBe(10);
});

it('stores inline records and a copy of the base, and removes both', async () => {
  const root = temporaryFolder();
  const folders = createJobFolders(join(root, 'jobs'));
  await folders.create('j');
  expect(folders.base('j')).toBeNull();
  mkdirSync(join(root, 'model'));
  writeFileSync(join(root, 'model/model.json'), '{}');
  await folders.copyBase('j', join(root, 'model'));
  expect(readFileSync(join(folders.base('j')!, 'model.json'), 'utf8')).toBe('{}');
  const { path } = await folders.writeRecords('j', 'data', [{ a: 1 }, { a: 2 }]);
  expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n{"a":2}\n');
  await folders.remove('j');
  expect(existsSync(folders.path('j'))).toBe(false);
});
