import { describe, expect, it } from 'vitest';
import { anyone, eventually, spec } from './fixtures.ts';
import { createService } from './service.ts';

const progress = {
  kind: 'progress',
  epoch: 0,
  step: 4,
  steps: 9,
  loss: 1,
  stepsPerSecond: 1,
  secondsLeft: 1,
} as const;

describe('the queue of runs', () => {
  it('starts jobs in order, at most maxRunning at a time', async () => {
    const service = createService({ maxRunning: 2 });
    for (const model of ['a', 'b', 'c', 'd']) {
      const { id } = await service.jobs.create(spec(model), anyone);
      await eventually(() => service.registry.unfinished(id)?.status !== 'validating');
    }
    await eventually(() => service.runs[1]);
    expect(service.jobs.counts()).toEqual({ running: 2, queued: 2 });
    service.runs[1]!.exit('gone');
    service.runs[0]!.exit('gone');
    await eventually(() => service.runs[3]);
    expect(service.runs.map(({ request }) => request.spec.model)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('runs one thread for a job that is resumed while its previous thread exits', async () => {
    const service = createService({ maxRunning: 4 });
    const { id } = await service.jobs.create(spec('a'), anyone);
    const run = await eventually(() => service.runs[0]);
    run.send(progress);
    await service.jobs.pause(id, anyone);
    await expect(service.jobs.resume(id, anyone)).rejects.toMatchObject({ code: 'job_state_conflict' });
    expect(service.runs).toHaveLength(1);
    run.end('paused');
    await service.jobs.resume(id, anyone);
    await eventually(() => service.runs[1]);
    expect(service.registry.unfinished(id)).toMatchObject({ status: 'running' });
  });

  it('asks a thread to stop after its first step, and terminates it before', async () => {
    const service = createService({ maxRunning: 2 });
    const ids = [
      (await service.jobs.create(spec('a'), anyone)).id,
      (await service.jobs.create(spec('b'), anyone)).id,
    ];
    await eventually(() => service.runs[1]);
    const stepped = service.runs.find(({ request }) => request.spec.model === 'a')!;
    stepped.send(progress);
    await Promise.all(ids.map((id) => service.jobs.pause(id, anyone)));
    expect([stepped.commands, stepped.killed]).toEqual([['pause'], false]);
    expect(service.runs.find((run) => run !== stepped)!.killed).toBe(true);
  });

  it('ignores messages of a finished job', async () => {
    const service = createService();
    const { id } = await service.jobs.create(spec('a'), anyone);
    const run = await eventually(() => service.runs[0]);
    service.registry.fail(id, 'internal', 'over');
    run.checkpoint(1);
    run.end();
    await service.jobs.get(id, anyone);
    expect(await service.store.checkpoints(id)).toEqual([]);
    const events = await service.events.list(id, { limit: 99, after: 0 });
    expect(events.at(-1)).toMatchObject({ type: 'status', data: { status: 'failed' } });
  });

  it('counts steps, and starts no job once it is closed', async () => {
    const service = createService();
    await service.jobs.create(spec('a'), anyone);
    await service.jobs.create(spec('b'), anyone);
    const run = await eventually(() => service.runs[0]);
    run.send(progress);
    expect(service.jobs.steps()).toBe(4);
    const closed = service.jobs.close(1000);
    run.end('paused');
    await closed;
    expect(service.runs).toHaveLength(1);
  });

  it('removes deleted checkpoints from the list, also those of other jobs', async () => {
    const service = createService();
    const { id } = await service.jobs.create(spec('a'), anyone);
    const run = await eventually(() => service.runs[0]);
    for (const step of [1, 2, 3]) run.checkpoint(step, step === 2);
    run.send({ kind: 'checkpoints_removed', job: id, steps: [1] });
    await eventually(async () => (await service.jobs.checkpoints(id, anyone)).length === 2);
    expect((await service.jobs.checkpoints(id, anyone)).map(({ step }) => step)).toEqual([2, 3]);
  });
});
