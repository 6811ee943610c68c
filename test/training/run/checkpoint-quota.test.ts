import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ModelSpec } from '../../../src/network/spec.ts';
import { createCheckpointStorage } from '../../../src/training/run/checkpoint-storage.ts';
import {
  addUsedBytes,
  createCheckpointQuota,
  measureCheckpoints,
  reserveCheckpoint,
} from '../../../src/training/run/checkpoint-quota.ts';

const base = mkdtempSync(join(tmpdir(), 'unroll-quota-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let count = 0;
function createFolder(maxBytes: number, reserveBytes = 0) {
  const root = join(base, String(++count));
  const quota = createCheckpointQuota({ maxBytes, reserveBytes, root });
  const removed: string[] = [];
  const job = (name: string, steps: readonly number[], record?: object): string => {
    for (const [index, step] of steps.entries()) {
      const home = join(root, name, 'checkpoints', String(step));
      mkdirSync(home, { recursive: true });
      writeFileSync(join(home, 'weights.safetensors'), Buffer.alloc(1000));
      utimesSync(home, 1000 + step, 1000 + index);
    }
    if (record) writeFileSync(join(root, name, 'job.json'), JSON.stringify(record));
    return join(root, name);
  };
  const reserve = (bytes: number, own: { folder: string; best: number | null }) =>
    reserveCheckpoint(quota, bytes, own, (name, steps) => void removed.push(`${name} ${steps.join()}`));
  return { root, quota, removed, job, reserve, used: () => addUsedBytes(quota, 0) };
}

describe('the quota of checkpoints', () => {
  it('measures the checkpoints on the disk', async () => {
    const { quota, job, used } = createFolder(10_000);
    job('a', [1, 2]);
    job('b', [3]);
    await measureCheckpoints(quota);
    expect(used()).toBe(3000);
  });

  it('removes the oldest checkpoints first, never the best and the latest of a job', async () => {
    const { quota, job, reserve, removed, used } = createFolder(6000);
    const folder = job('own', [1, 2, 3, 4, 5, 6]);
    await measureCheckpoints(quota);
    await reserve(1000, { folder, best: 2 });
    expect(removed).toEqual(['own 1']);
    await reserve(3000, { folder, best: 2 });
    expect(removed).toEqual(['own 1', 'own 3', 'own 4', 'own 5']);
    expect(readdirSync(join(folder, 'checkpoints'))).toEqual(['2', '6']);
    await expect(reserve(1000, { folder, best: 2 })).rejects.toMatchObject({
      code: 'quota_exceeded',
      message: expect.stringMatching(
        /1000 bytes does not fit: checkpoints take 6000 of 6000 bytes/,
      ) as string,
    });
    expect(used()).toBe(6000);
  });

  it('removes checkpoints of finished jobs, not of running jobs or jobs without a record', async () => {
    const { quota, job, reserve, removed } = createFolder(11_000);
    job('done', [1, 2, 3], { status: 'succeeded', best: 2 });
    job('runs', [1, 2, 3], { status: 'running', best: 3 });
    job('unknown', [1, 2, 3]);
    const folder = job('own', [7]);
    await measureCheckpoints(quota);
    await reserve(2000, { folder, best: null });
    expect(removed).toEqual(['done 1']);
    await expect(reserve(1000, { folder, best: null })).rejects.toMatchObject({ code: 'quota_exceeded' });
  });

  it('leaves the reserve of the disk free', async () => {
    const { job, reserve, removed } = createFolder(1e9, 2 ** 60);
    const folder = job('own', [1, 2]);
    await expect(reserve(1000, { folder, best: null })).rejects.toMatchObject({ code: 'disk_full' });
    expect(removed).toEqual(['own 1']);
  });

  it('counts exactly what a run writes, removes and overwrites', async () => {
    const { root, quota, used } = createFolder(1e9);
    const folder = join(root, 'own');
    mkdirSync(join(folder, 'checkpoints'), { recursive: true });
    const storage = createCheckpointStorage(folder, quota, 100, () => {});
    const checkpoint = {
      model: { schema: 1, name: 'm' } as unknown as ModelSpec,
      weights: new Map([['w', { shape: [500], values: new Float32Array(500) }]]),
      progress: { step: 1 },
      state: new Map([['w.first', new Float32Array(500)]]),
    };
    for (const step of [1, 2, 3, 3]) {
      await storage.write(step, checkpoint, null);
      const counted = used();
      await measureCheckpoints(quota);
      expect(counted).toBe(used());
    }
    expect(existsSync(join(folder, 'checkpoints/1/training.safetensors'))).toBe(false);
  });
});
