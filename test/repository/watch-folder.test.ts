import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { watchFolder } from '../../src/repository/watch-folder.ts';
import { temporaryFolder, writeModel } from './model-folders.ts';

it('reports changes deep inside the folder until it is stopped', async () => {
  const root = temporaryFolder();
  const changed = vi.fn(async () => {});
  const stop = watchFolder(root, changed);
  onTestFinished(stop);
  writeModel(root, 'tiny', 1);
  await vi.waitFor(() => expect(changed).toHaveBeenCalled(), { timeout: 10_000 });
  stop();
  const calls = changed.mock.calls.length;
  rmSync(join(root, 'tiny'), { recursive: true });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(changed).toHaveBeenCalledTimes(calls);
});

it('polls a folder that does not exist yet', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const root = join(temporaryFolder(), 'later');
  const changed = vi.fn(async () => {});
  const stop = watchFolder(root, changed);
  mkdirSync(root);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(changed).toHaveBeenCalled();
  stop();
});
