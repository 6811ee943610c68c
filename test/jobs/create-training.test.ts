import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createStoreClient } from '../../src/jobs/store/store-client.ts';
import { createTraining, type Training, type TrainingOptions } from '../../src/jobs/create-training.ts';
import { createFakeRuns } from './fake-runs.ts';
import { anyone, eventually, makeJob, silent, spec, temporaryFolder } from './fixtures.ts';

const started: Training[] = [];
afterEach(async () => {
  for (const training of started.splice(0)) await training.close(500);
});

function create(folder: string, more: Partial<TrainingOptions> = {}) {
  const { startRun, runs } = createFakeRuns();
  const modelsRoot = join(folder, '../models');
  mkdirSync(modelsRoot, { recursive: true });
  const training = createTraining({
    redisUrl: '',
    folder,
    modelsRoot,
    repository: { acquire: () => ({}) as never, rescan: async () => {} },
    maxRunning: 1,
    maxUnfinished: 10,
    threads: 1,
    memoryMegabytes: 64,
    maxDatasetBytes: 1000,
    maxTotalDatasetBytes: 1000,
    maxTotalCheckpointBytes: 1_000_000,
    reserveBytes: 0,
    startRun,
    log: silent,
    ...more,
  });
  started.push(training);
  return { training, runs };
}
const dataFolder = () => join(temporaryFolder(), 'data');

describe('training', () => {
  it('does not access its folder until it is started', () => {
    const folder = dataFolder();
    writeFileSync(folder, 'a file in place of the folder');
    const { training } = create(folder);
    expect(training.unavailable()).toBeNull();
  });

  it('is unavailable with a reason while its folder cannot be used, and available afterwards', async () => {
    const folder = dataFolder();
    writeFileSync(folder, 'a file in place of the folder');
    const { training, runs } = create(folder);
    training.start();
    const reason = await eventually(() => training.unavailable());
    expect(reason).toContain(folder);
    await expect(training.requireAvailable()).rejects.toMatchObject({
      code: 'training_unavailable',
      message: reason,
    });
    rmSync(folder);
    await eventually(() => training.unavailable() === null);
    await training.requireAvailable();
    await training.jobs.create(spec('made'), anyone);
    await eventually(() => runs[0]);
  });

  it('is read-only with maxRunning 0: it runs beside a training server and restores no jobs', async () => {
    const folder = dataFolder();
    const { training: other } = create(folder);
    other.start();
    await other.requireAvailable();
    const { id } = await other.jobs.create(spec('made'), anyone);
    const { training, runs } = create(folder, { maxRunning: 0 });
    training.start();
    await expect(training.requireAvailable()).rejects.toMatchObject({
      code: 'training_disabled',
      message: expect.stringMatching(/UNROLL_TRAINING_JOBS is 0/) as string,
    });
    expect(await training.jobs.get(id, anyone)).toMatchObject({ id });
    expect(runs).toEqual([]);
    expect(other.unavailable()).toBeNull();
  });

  it('restores jobs before it accepts new ones, and cancels trials of a comparison that was never saved', async () => {
    const folder = dataFolder();
    const before = createStoreClient({ folder, readOnly: false, log: silent });
    before.start();
    const left = makeJob({ status: 'running', spec: spec('left') });
    const orphan = makeJob({ status: 'queued', comparison: 'cmp_never' });
    for (const job of [left, orphan]) await before.store.saveJob(job);
    await before.close(1000);
    const { training, runs } = create(folder);
    training.start();
    await training.requireAvailable();
    await expect(training.jobs.create(spec('left'), anyone)).rejects.toMatchObject({ code: 'name_taken' });
    expect((await training.jobs.get(orphan.id, anyone)).status).toBe('cancelled');
    expect((await eventually(() => runs[0])).request.spec.model).toBe('left');
  });

  it('does not restore jobs while another server uses the folder', async () => {
    const folder = dataFolder();
    const first = create(folder);
    first.training.start();
    await first.training.requireAvailable();
    await first.training.jobs.create(spec('made'), anyone);
    await eventually(() => first.runs[0]);
    const second = create(folder);
    second.training.start();
    expect(await eventually(() => second.training.unavailable())).toMatch(/another server trains with/);
    expect(second.runs).toEqual([]);
    await first.training.close(200);
    await eventually(() => second.runs[0]);
    expect(second.runs).toHaveLength(1);
  });
});
