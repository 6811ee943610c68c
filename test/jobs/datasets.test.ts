import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { createDatasets } from '../../src/jobs/datasets.ts';
import { createDiskSpace } from '../../src/jobs/disk-space.ts';
import type { Job } from '../../src/jobs/job.ts';
import { anyone, makeJob, memoryStore, temporaryFolder } from './fixtures.ts';

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
  it('are limited in bytes each and in total; a rejected upload leaves no file', async () => {
    const { folder, datasets } = create();
    const first = await datasets.add(bytes(6000), about, anyone);
    await expect(datasets.add(bytes(6002), about, anyone)).rejects.toMatchObject({ code: 'body_too_large' });
    await expect(datasets.add(bytes(5000), about, anyone)).rejects.toMatchObject({
      code: 'quota_exceeded',
      message: expect.stringMatching(/at most 10000 bytes in all/) as string,
    });
    expect(readdirSync(folder)).toEqual([`${first.id}.text`]);
    await datasets.remove(first.id, anyone);
    await datasets.add(bytes(5000), about, anyone);
    await datasets.add(bytes(5000), about, anyone);
  });

  it('count uploads in progress against the total limit', async () => {
    const { datasets } = create();
    const added = await Promise.allSettled(
      Array.from({ length: 5 }, () => datasets.add(bytes(4000), about, anyone)),
    );
    expect(added.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(2);
    // rejected uploads do not count
    for (const { id } of await datasets.list(anyone)) await datasets.remove(id, anyone);
    await datasets.add(bytes(6000), about, anyone);
  });

  it('leave the reserve of the disk free', async () => {
    const { folder, datasets } = create({ reserve: 2 ** 60 });
    await expect(datasets.add(bytes(100), about, anyone)).rejects.toMatchObject({
      code: 'disk_full',
      message: expect.stringMatching(/UNROLL_DISK_RESERVE_BYTES/) as string,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leave no file if the database write fails', async () => {
    const store = memoryStore((name) => {
      if (name === 'saveDataset') throw new UnrollError('training_unavailable', 'locked');
    });
    const { folder, datasets } = create({ store });
    await expect(datasets.add(bytes(100), about, anyone)).rejects.toMatchObject({
      code: 'training_unavailable',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('record what their records were validated for', async () => {
    const { datasets } = create();
    const upload = (format: 'jsonl' | 'csv', text: string, task: 'generate' | null) =>
      datasets.add(Readable.from([Buffer.from(text)]), { name: 'n', format, task }, anyone);
    const read = async (dataset: Promise<{ id: string }>) =>
      (await datasets.file((await dataset).id, anyone)).validatedFor;
    expect(await read(upload('jsonl', '{"text":"a"}', 'generate'))).toBe('generate');
    expect(await read(upload('jsonl', '{"text":"a"}', null))).toBeUndefined();
    expect(await read(upload('csv', 'text\na\n', null))).toBe('any');
  });

  it('cannot be removed while an unfinished job uses them', async () => {
    const jobs: Job[] = [];
    const { folder, datasets } = create({ unfinished: jobs });
    const { id } = await datasets.add(bytes(100), about, anyone);
    jobs.push(makeJob({ validation: { path: join(folder, `${id}.text`), format: 'text' } }));
    await expect(datasets.remove(id, anyone)).rejects.toMatchObject({ code: 'in_use' });
    jobs.pop();
    await datasets.remove(id, anyone);
    await expect(datasets.get(id, anyone)).rejects.toMatchObject({ code: 'dataset_not_found' });
  });
});
