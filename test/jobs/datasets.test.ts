import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { createDatasets } from '../../src/jobs/datasets.ts';
import { createDiskSpace } from '../../src/jobs/disk-space.ts';
import type { Job } from '../../src/jobs/job.ts';
import { makeJob, memoryStore, temporaryFolder } from './fixtures.ts';

const about = { name: 'n', format: 'text', task: null } as const;
const bytes = (count: number) =>
  Readable.from([Buffer.alloc(count / 2, 'a\n'), Buffer.alloc(count / 2, 'b\n')]);
function create(
  limits: { reserve?: number; unfinished?: readonly Job[]; store?: ReturnType<typeof memoryStore> } = {},
) {
  const folder = temporaryFolder();
  const { reserve = 0, unfinished = [], store = memoryStore() } = limits;
  const sizes = { maxBytes: 6000, maxTotalBytes: 10_000 };
  const datasets = createDatasets(store, folder, sizes, createDiskSpace(folder, reserve), () => unfinished);
  return { folder, datasets };
}

describe('datasets', () => {
  it('have a limit of bytes each and together, and leave nothing of what is refused', async () => {
    const { folder, datasets } = create();
    const first = await datasets.add(bytes(6000), about);
    await expect(datasets.add(bytes(6002), about)).rejects.toMatchObject({ code: 'body_too_large' });
    await expect(datasets.add(bytes(5000), about)).rejects.toMatchObject({
      code: 'quota_exceeded',
      message: expect.stringMatching(/at most 10000 bytes in all/) as string,
    });
    expect(readdirSync(folder)).toEqual([`${first.id}.text`]);
    await datasets.remove(first.id);
    await datasets.add(bytes(5000), about);
    await datasets.add(bytes(5000), about);
  });

  it('count uploads under way: of many at once, no more than fit', async () => {
    const { datasets } = create();
    const added = await Promise.allSettled(Array.from({ length: 5 }, () => datasets.add(bytes(4000), about)));
    expect(added.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(2);
    // what was refused takes no room
    for (const { id } of await datasets.list()) await datasets.remove(id);
    await datasets.add(bytes(6000), about);
  });

  it('leave a reserve of the disk free', async () => {
    const { folder, datasets } = create({ reserve: 2 ** 60 });
    await expect(datasets.add(bytes(100), about)).rejects.toMatchObject({
      code: 'disk_full',
      message: expect.stringMatching(/UNROLL_DISK_RESERVE_BYTES/) as string,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leave no file where they cannot be recorded', async () => {
    const store = memoryStore((name) => {
      if (name === 'saveDataset') throw new UnrollError('training_unavailable', 'locked');
    });
    const { folder, datasets } = create({ store });
    await expect(datasets.add(bytes(100), about)).rejects.toMatchObject({ code: 'training_unavailable' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are not removed while a job that is not over learns from them', async () => {
    const jobs: Job[] = [];
    const { folder, datasets } = create({ unfinished: jobs });
    const { id } = await datasets.add(bytes(100), about);
    jobs.push(makeJob({ validation: { path: join(folder, `${id}.text`), format: 'text' } }));
    await expect(datasets.remove(id)).rejects.toMatchObject({ code: 'in_use' });
    jobs.pop();
    await datasets.remove(id);
    await expect(datasets.get(id)).rejects.toMatchObject({ code: 'dataset_not_found' });
  });
});
