import { chmodSync, existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { toWriteError, withFolderLock } from '../../src/repository/folder-lock.ts';
import { temporaryFolder } from './model-folders.ts';

it('runs one work at a time, and releases the lock whatever becomes of it', async () => {
  const home = temporaryFolder();
  let running = 0;
  let most = 0;
  const work = async (fail: boolean): Promise<void> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running--;
    if (fail) throw new UnrollError('in_use', 'on purpose');
  };
  const works = Array.from({ length: 8 }, (_, i) => withFolderLock(home, () => work(i % 2 === 0)));
  const ends = await Promise.allSettled(works);
  expect(most).toBe(1);
  expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(4);
  expect(readdirSync(home)).toEqual([]);
});

it.each([
  ['of another machine, after a while', { host: 'elsewhere', pid: 1, token: '' }, true],
  ['that had not written who it is, after a while', null, true],
  ['of this machine, at once', { host: hostname(), pid: 2 ** 22 + 1, token: '' }, false],
  ['with this one’s pid, at once', { host: hostname(), pid: process.pid, token: '' }, false],
])('takes the lock of a killed process %s', async (_, owner, old) => {
  const home = temporaryFolder();
  writeFileSync(join(home, '.lock'), owner ? JSON.stringify(owner) : '');
  if (old) utimesSync(join(home, '.lock'), 1, 1);
  expect(await withFolderLock(home, async () => 'done')).toBe('done');
  expect(existsSync(join(home, '.lock'))).toBe(false);
});

it('says that a folder cannot be written', async () => {
  const home = temporaryFolder();
  chmodSync(home, 0o555);
  // root may write everywhere
  const failure = withFolderLock(home, async () => {
    throw Object.assign(new Error('read-only'), { code: 'EROFS' });
  });
  await expect(failure).rejects.toMatchObject({ code: 'models_read_only' });
  chmodSync(home, 0o755);
  expect(toWriteError(Object.assign(new Error('full'), { code: 'ENOSPC' }))?.code).toBe('disk_full');
  expect(toWriteError(new Error('other'))).toBeNull();
});
