import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import {
  addUsedBytes,
  createCheckpointQuota,
  folderBytes,
} from '../../../src/training/run/checkpoint-quota.ts';
import { createCheckpointStorage } from '../../../src/training/run/checkpoint-storage.ts';
import { classifierSpec, classifierWeights } from '../../repository/model-folders.ts';

const checkpoint = { model: classifierSpec(), weights: classifierWeights(), progress: {}, state: new Map() };

it.each([false, true])(
  'keeps the best and the last checkpoints of a run, with a quota: %s',
  async (limited) => {
    const root = mkdtempSync(join(tmpdir(), 'unroll-storage-'));
    onTestFinished(() => rmSync(root, { recursive: true, force: true }));
    const folder = join(root, 'job_1');
    mkdirSync(join(folder, 'checkpoints'), { recursive: true });
    const quota = limited ? createCheckpointQuota({ maxBytes: 1e9, reserveBytes: 0, root }) : null;
    const removed: [string, readonly number[]][] = [];
    const storage = createCheckpointStorage(folder, quota, 2, (job, steps) => removed.push([job, steps]));
    const kept = (): number[] =>
      readdirSync(join(folder, 'checkpoints'))
        .map(Number)
        .sort((a, b) => a - b);
    for (const [step, best] of [
      [1, null],
      [2, 2],
      [3, 2],
      [10, 2],
      [20, 2],
      [30, 30],
    ] as const)
      await storage.write(step, checkpoint, best);
    expect(kept()).toEqual([20, 30]);
    expect(removed).toEqual([
      ['job_1', [1]],
      ['job_1', [3]],
      ['job_1', [2, 10]],
    ]);
    if (!quota) return;
    const sizes = kept().map((step) => folderBytes(join(folder, 'checkpoints', String(step))));
    expect(addUsedBytes(quota, 0)).toBe((await Promise.all(sizes)).reduce((sum, size) => sum + size, 0));
  },
);
