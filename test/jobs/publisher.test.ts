import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createJobFolders } from '../../src/jobs/job-folders.ts';
import { createPublisher } from '../../src/jobs/publisher.ts';
import { memoryStore, temporaryFolder } from './fixtures.ts';

it('publishes a checkpoint once a name, also for concurrent and repeated calls', async () => {
  const root = temporaryFolder();
  const folders = createJobFolders(join(root, 'jobs'));
  const store = memoryStore();
  for (const step of [1, 2]) {
    const home = join(folders.path('j'), 'checkpoints', String(step));
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'model.json'), '{"name":"m"}');
    writeFileSync(join(home, 'weights.safetensors'), '');
    await store.saveCheckpoint({
      job: 'j',
      step,
      epoch: 0,
      createdAt: 1,
      metrics: {},
      best: false,
      published: null,
    });
  }
  let scans = 0;
  const publisher = createPublisher(
    join(root, 'models'),
    { rescan: async () => void scans++ },
    folders,
    store,
  );
  const publications = [1, 2, 1, 2, 1].map((step) => publisher.publish('j', step, 'm'));
  expect(await Promise.all(publications)).toEqual(['m@1', 'm@2', 'm@1', 'm@2', 'm@1']);
  expect(await publisher.publish('j', 1, 'other')).toBe('other@1');
  expect(scans).toBe(6);
  expect((await store.checkpoints('j')).map(({ published }) => published)).toEqual(['other@1', 'm@2']);
  await expect(publisher.publish('j', 3, 'm')).rejects.toThrow(/ENOENT/);
});
