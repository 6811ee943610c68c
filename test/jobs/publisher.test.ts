import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createJobFolders } from '../../src/jobs/job-folders.ts';
import type { VersionMeasurements } from '../../src/jobs/measure-versions.ts';
import { createPublisher, type Publication } from '../../src/jobs/publisher.ts';
import { publishVersion } from '../../src/repository/publish-version.ts';
import { classifier } from '../repository/model-folders.ts';
import { makeJob, memoryStore, temporaryFolder } from './fixtures.ts';

type Reply = Awaited<ReturnType<VersionMeasurements['measure']>>;
const measured = (next: number, current: number): Reply => ({
  measured: {
    next: { score: next, loss: 1 - next },
    current: { score: current, loss: 1 - current },
    lowerIsBetter: false,
    metric: 'validation_accuracy',
  },
});

/** Two checkpoints of a job, and a publisher of them. */
async function place(measure: VersionMeasurements['measure'] = async () => measured(1, 0)) {
  const root = temporaryFolder();
  const folders = createJobFolders(join(root, 'jobs'));
  const store = memoryStore();
  const job = makeJob({ id: 'j' });
  for (const step of [1, 2]) {
    const home = join(folders.path('j'), 'checkpoints', String(step));
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'model.json'), JSON.stringify(classifier({ name: 'm' })));
    writeFileSync(join(home, 'weights.safetensors'), '');
    const row = { step, epoch: 0, createdAt: 1, metrics: {}, best: false, published: null };
    await store.saveCheckpoint({ job: 'j', ...row });
  }
  const scans: (string | undefined)[] = [];
  const modelsRoot = join(root, 'models');
  const publisher = createPublisher({
    modelsRoot,
    repository: { rescan: async (reference) => void scans.push(reference) },
    folders,
    store,
    measurements: { measure },
    memoryMegabytes: 64,
  });
  const publish = (step: number, more: Partial<Publication> = {}) =>
    publisher.publish({ job, step, name: 'm', policy: 'always', force: false, ...more });
  const addVersion = (name = 'm'): Promise<number> =>
    publishVersion(modelsRoot, name, join(folders.path('j'), 'checkpoints/1'));
  return {
    root,
    modelsRoot,
    store,
    scans,
    publish,
    addVersion,
    checkpoints: join(folders.path('j'), 'checkpoints'),
  };
}
const aliasesIn = (modelsRoot: string): unknown =>
  (JSON.parse(readFileSync(join(modelsRoot, 'm/aliases.json'), 'utf8')) as { aliases: unknown }).aliases;

it('publishes a checkpoint once a name, also for concurrent and repeated calls', async () => {
  const { store, scans, publish } = await place();
  const publications = await Promise.all([1, 2, 1, 2, 1].map((step) => publish(step)));
  expect(publications.map(({ version }) => version)).toEqual(['m@1', 'm@2', 'm@1', 'm@2', 'm@1']);
  expect(await publish(1, { name: 'other' })).toMatchObject({ version: 'other@1', published: true });
  expect(new Set(scans)).toEqual(new Set(['m@1', 'm@2', 'other@1']));
  expect((await store.checkpoints('j')).map(({ published }) => published)).toEqual(['other@1', 'm@2']);
  await expect(publish(3)).rejects.toMatchObject({ code: 'checkpoint_not_found' });
});

it('publishes it again once its version has been deleted', async () => {
  const { modelsRoot, publish } = await place();
  await publish(1);
  await publish(2);
  rmSync(join(modelsRoot, 'm/2'), { recursive: true });
  expect((await publish(1)).version).toBe('m@1');
  expect((await publish(2)).version).toBe('m@2');
});

it.each([
  ['never', 1, 0, null],
  ['if_better', 0.9, 0.8, 'm@2'],
  ['if_better', 0.8, 0.9, null],
  ['if_better', 0.8, 0.8, null],
  ['always', 0.1, 0.9, 'm@2'],
] as const)('with publish %s, a score of %d beside %d gives %j', async (policy, next, current, version) => {
  const { publish, addVersion } = await place(async () => measured(next, current));
  await addVersion();
  expect(await publish(2, { policy })).toMatchObject({ version, published: version !== null });
});

it('publishes the first version of a model without measuring it', async () => {
  const { publish } = await place(() => Promise.reject(new Error('measured')));
  expect(await publish(1, { policy: 'if_better' })).toMatchObject({ version: 'm@1' });
});

it('does not publish what cannot be measured, and says why', async () => {
  const { publish, addVersion } = await place(async () => ({ reason: 'the job has no validation data' }));
  await addVersion();
  expect(await publish(2, { policy: 'if_better' })).toEqual({
    version: null,
    published: false,
    reason: 'm@1 cannot be compared with it: the job has no validation data',
  });
});

it('publishes no model that is called otherwise, unless it is forced', async () => {
  const { checkpoints, publish, addVersion } = await place();
  await addVersion();
  const outputs = { labels: ['yes', 'perhaps'] };
  writeFileSync(join(checkpoints, '2/model.json'), JSON.stringify(classifier({ name: 'm', outputs })));
  for (const policy of ['if_better', 'always'] as const) {
    const { version, reason } = await publish(2, { policy });
    expect([version, reason]).toEqual([
      null,
      expect.stringContaining('outputs.labels: ["yes","perhaps"], was ["yes","no"]'),
    ]);
  }
  expect(await publish(2, { force: true })).toMatchObject({ version: 'm@2' });
});

it('compares with the version that takes the traffic, which need not be the highest', async () => {
  const compared: string[] = [];
  const { modelsRoot, publish, addVersion } = await place(async ({ current }) => {
    compared.push(current.slice(-3));
    return measured(1, 0);
  });
  for (let version = 1; version <= 3; version++) await addVersion();
  writeFileSync(join(modelsRoot, 'm/aliases.json'), '{"aliases":{"default":2}}');
  expect((await publish(1, { policy: 'if_better' })).version).toBe('m@4');
  expect(compared).toEqual(['m/2']);
  // and takes the traffic from it
  expect(aliasesIn(modelsRoot)).toEqual({ default: 4 });
});

it('decides again when another version takes the traffic while it measures', async () => {
  const compared: string[] = [];
  const { publish, addVersion } = await place(async ({ current }) => {
    compared.push(current.slice(-3));
    if (compared.length === 1) await addVersion();
    return measured(1, 0);
  });
  await addVersion();
  expect((await publish(1, { policy: 'if_better' })).version).toBe('m@3');
  expect(compared).toEqual(['m/1', 'm/2']);
});

it('leaves the traffic where it is for another alias', async () => {
  const { modelsRoot, publish, addVersion } = await place();
  await addVersion();
  await publish(2, { alias: 'canary' });
  expect(aliasesIn(modelsRoot)).toEqual({ canary: 2, default: 1 });
});

it('takes no traffic again when it is asked for again after a rollback', async () => {
  const { modelsRoot, publish, addVersion } = await place();
  await addVersion();
  writeFileSync(join(modelsRoot, 'm/aliases.json'), '{"aliases":{"default":1}}');
  await publish(2);
  expect(aliasesIn(modelsRoot)).toEqual({ default: 2 });
  writeFileSync(join(modelsRoot, 'm/aliases.json'), '{"aliases":{"default":1}}');
  expect((await publish(2)).version).toBe('m@2');
  expect(aliasesIn(modelsRoot)).toEqual({ default: 1 });
});
