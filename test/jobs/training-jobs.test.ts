import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { anyone, eventually, makeJob, memoryStore, spec } from './fixtures.ts';
import { createService } from './service.ts';

/** As a caller has a checkpoint published. */
const byHand = { alias: 'default', force: true };
const big = {
  network: {
    layers: [
      { type: 'embedding', units: 4 },
      { type: 'recurrent', cell: 'lstm', units: 8192 },
      { type: 'dense' },
    ],
  },
};

describe('a job', () => {
  it('is validated, queued, run, and published once under its name', async () => {
    const service = createService();
    const { id } = await service.jobs.create(spec('made'), anyone);
    const run = await eventually(() => service.runs[0]);
    run.checkpoint(1);
    run.end();
    await eventually(async () => (await service.jobs.get(id, anyone)).status === 'succeeded');
    expect(await service.jobs.get(id, anyone)).toMatchObject({ published: 'made@1', best: 1 });
    expect(service.published('made')).toEqual([['1', 'made']]);
    const statuses = (await service.events.list(id, { limit: 99, after: 0 }))
      .filter(({ type }) => type === 'status')
      .map(({ data }) => data['status']);
    expect(statuses).toEqual(['validating', 'queued', 'running', 'publishing', 'succeeded']);
  });

  it('has one best checkpoint, also where others were the best when they were written', async () => {
    const service = createService();
    const { id } = await service.jobs.create(spec('made'), anyone);
    const run = await eventually(() => service.runs[0]);
    run.checkpoint(1);
    run.checkpoint(2);
    run.checkpoint(3, false);
    run.end('succeeded', 2);
    await eventually(async () => (await service.jobs.get(id, anyone)).status === 'succeeded');
    const checkpoints = await service.jobs.checkpoints(id, anyone);
    expect(checkpoints.map(({ step, best }) => [step, best])).toEqual([[1, false], [2, true], [3, false]]); // prettier-ignore
    expect(await service.jobs.publish(id, 2, anyone, byHand)).toMatchObject({
      best: true,
      published: 'made@1',
    });
    expect(await service.jobs.publish(id, 1, anyone, byHand)).toMatchObject({
      best: false,
      published: 'made@2',
    });
  });

  it('is rejected before anything is written: over the job limit, with a name in use, too large', async () => {
    const service = createService({ maxUnfinished: 1 });
    await expect(service.jobs.create(spec('huge', big), anyone)).rejects.toMatchObject({
      code: 'training_too_large',
      message: expect.stringMatching(
        /needs at least \d+\.\d MB \(weights \d+.*gradients.*optimiser state.*64 MB/,
      ) as string,
    });
    await service.jobs.create(spec('one'), anyone);
    await expect(service.jobs.create(spec('two'), anyone)).rejects.toMatchObject({ code: 'too_many_jobs' });
    await expect(service.jobs.create(spec('one'), anyone)).rejects.toMatchObject({ code: 'name_taken' });
    expect(readdirSync(join(service.folder, 'jobs'))).toHaveLength(1);
  });

  it('counts against the job limit while it is being created', async () => {
    const service = createService({ maxUnfinished: 3 });
    const made = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => service.jobs.create(spec(`m${i}`), anyone)),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  it('leaves no folder if the database write fails', async () => {
    const store = memoryStore((name) => {
      if (name === 'saveJob') throw new UnrollError('training_unavailable', 'locked');
    });
    const service = createService({ store });
    await expect(service.jobs.create(spec('made'), anyone)).rejects.toMatchObject({
      code: 'training_unavailable',
    });
    expect(readdirSync(join(service.folder, 'jobs'))).toEqual([]);
    expect(service.jobs.counts()).toEqual({});
  });

  it('is cancelled at once while queued, and once its thread has stopped while running', async () => {
    const service = createService();
    const first = await service.jobs.create(spec('one'), anyone);
    const second = await service.jobs.create(spec('two'), anyone);
    const run = await eventually(() => service.runs[0]);
    await eventually(() => service.registry.unfinished(second.id)?.status === 'queued');
    expect(await service.jobs.cancel(second.id, anyone)).toMatchObject({ status: 'cancelled' });
    run.send({ kind: 'progress', epoch: 0, step: 3, steps: 9, loss: 1, stepsPerSecond: 1, secondsLeft: 1 });
    expect(await service.jobs.cancel(first.id, anyone)).toMatchObject({ status: 'cancelling' });
    expect(run.commands).toEqual(['cancel']);
    run.end('cancelled');
    expect(await service.jobs.get(first.id, anyone)).toMatchObject({ status: 'cancelled', published: null });
    await expect(service.jobs.cancel(first.id, anyone)).rejects.toMatchObject({ code: 'job_state_conflict' });
    expect(service.runs).toHaveLength(1);
  });

  it('stays cancelled when its data is invalid or its run completes', async () => {
    const service = createService();
    const wrong = await service.jobs.create(spec('wrong', { data: { records: [{ text: 1 }] } }), anyone);
    await service.jobs.cancel(wrong.id, anyone);
    const { id } = await service.jobs.create(spec('late'), anyone);
    const run = await eventually(() => service.runs[0]);
    run.checkpoint(1);
    run.send({ kind: 'progress', epoch: 0, step: 1, steps: 9, loss: 1, stepsPerSecond: 1, secondsLeft: 1 });
    await service.jobs.cancel(id, anyone);
    run.end();
    for (const job of [wrong.id, id]) expect((await service.jobs.get(job, anyone)).status).toBe('cancelled');
    expect(service.published('late')).toEqual([]);
  });

  it('cannot be cancelled once it is being published', async () => {
    const gate = Promise.withResolvers<void>();
    const service = createService({ beforePublishing: () => gate.promise });
    const { id } = await service.jobs.create(spec('made'), anyone);
    const run = await eventually(() => service.runs[0]);
    run.checkpoint(1);
    run.end();
    await eventually(() => service.registry.unfinished(id)?.status === 'publishing');
    await expect(service.jobs.cancel(id, anyone)).rejects.toMatchObject({ code: 'job_state_conflict' });
    gate.resolve();
    await eventually(async () => (await service.jobs.get(id, anyone)).status === 'succeeded');
  });

  it('resumes after a pause in a new thread', async () => {
    const service = createService();
    const { id } = await service.jobs.create(spec('made'), anyone);
    const run = await eventually(() => service.runs[0]);
    await service.jobs.pause(id, anyone);
    expect(run.killed).toBe(true);
    await eventually(() => service.registry.unfinished(id)?.status === 'paused');
    expect(await service.jobs.pause(id, anyone)).toMatchObject({ status: 'paused' });
    await service.jobs.resume(id, anyone);
    await eventually(() => service.runs[1]);
    await expect(service.jobs.resume(id, anyone)).rejects.toMatchObject({ code: 'job_state_conflict' });
  });

  it('fails with the reason its thread sends, or if its thread exits', async () => {
    const service = createService();
    const ids = [
      await service.jobs.create(spec('one'), anyone),
      await service.jobs.create(spec('two'), anyone),
    ].map(({ id }) => id);
    const first = await eventually(() => service.runs[0]);
    first.send({ kind: 'failed', code: 'diverged', message: 'step 3: too far' });
    first.exit('exit');
    const second = await eventually(() => service.runs[1]);
    second.exit('out of memory');
    expect((await service.jobs.get(ids[0]!, anyone)).error).toEqual({
      code: 'diverged',
      message: 'step 3: too far',
    });
    expect((await service.jobs.get(ids[1]!, anyone)).error!.message).toMatch(
      /the training thread exited unexpectedly; see the server log/,
    );
  });

  it('fails if its messages cannot be stored', async () => {
    const store = memoryStore((name) => {
      if (name === 'saveCheckpoint') throw new UnrollError('disk_full', 'no room');
    });
    const service = createService({ store });
    const { id } = await service.jobs.create(spec('made'), anyone);
    const run = await eventually(() => service.runs[0]);
    run.checkpoint(1);
    await eventually(() => run.killed);
    expect(await service.jobs.get(id, anyone)).toMatchObject({
      status: 'failed',
      error: { code: 'disk_full' },
    });
  });
});

describe('jobs of an earlier process', () => {
  it('are restored by the transition table, each once', async () => {
    const service = createService();
    const unfinished = (['queued', 'running', 'paused', 'cancelling'] as const).map((status) =>
      makeJob({ status }),
    );
    for (const job of unfinished) await service.store.saveJob(job);
    service.jobs.restore(unfinished);
    service.jobs.restore(unfinished);
    const run = await eventually(() => service.runs[0]);
    expect(run.request.spec.model).toBe(unfinished[0]!.spec.model);
    expect(unfinished.map(({ id }) => service.registry.unfinished(id)?.status ?? 'over')).toEqual([
      'running',
      'queued',
      'paused',
      'over',
    ]);
    run.end('cancelled');
    await eventually(() => service.runs[1]);
    expect(service.runs[1]!.request.spec.model).toBe(unfinished[1]!.spec.model);
  });

  it('are not published again if the process was killed after publishing', async () => {
    const folder = createService().folder;
    const before = createService({ folder });
    const { id } = await before.jobs.create(spec('made'), anyone);
    const run = await eventually(() => before.runs[0]);
    run.checkpoint(1);
    run.end();
    await eventually(() => before.published('made').length === 1);
    // the last state that the killed process stored
    const unfinished = makeJob({ id, spec: spec('made'), status: 'publishing', best: 1 });
    const after = createService({ folder });
    await after.store.saveJob(unfinished);
    after.jobs.restore([unfinished]);
    await eventually(async () => (await after.jobs.get(id, anyone)).status === 'succeeded');
    expect(await after.jobs.get(id, anyone)).toMatchObject({ published: 'made@1' });
    expect(after.published('made')).toEqual([['1', 'made']]);
  });

  it('stop when the server closes, and keep their status', async () => {
    const service = createService();
    const { id } = await service.jobs.create(spec('made'), anyone);
    await eventually(() => service.runs[0]);
    await service.jobs.close(1000);
    expect(await service.store.job(id)).toMatchObject({ status: 'running' });
  });
});
