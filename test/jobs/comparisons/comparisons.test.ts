import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { comparisonRequest } from '../../../src/jobs/comparisons/comparison-request.ts';
import { anyone, eventually, makeJob, spec } from '../fixtures.ts';
import { createService } from '../service.ts';

const request = (more: object = {}) => {
  const { model: _, ...rest } = spec();
  return comparisonRequest.parse({ model: 'best', spec: rest, cells: ['gru', 'rnn'], ...more });
};
type Service = ReturnType<typeof createService>;
async function finish(service: Service, index: number, loss: number): Promise<void> {
  const run = await eventually(() => service.runs[index]);
  run.checkpoint(1);
  const data = { validation_loss: loss };
  run.send({ kind: 'event', type: 'metrics', level: 'info', message: 'm', step: 1, data });
  run.end();
}
const getStatus = async (service: Service, id: string) =>
  (await service.comparisons.get(id, anyone)).comparison.status;

describe('a comparison', () => {
  it('publishes its best trial once, under the name of the comparison', async () => {
    const service = createService();
    const { comparison } = await service.comparisons.create(request(), anyone);
    await finish(service, 0, 2);
    await finish(service, 1, 1);
    await eventually(async () => (await getStatus(service, comparison.id)) === 'succeeded');
    const report = await service.comparisons.get(comparison.id, anyone);
    expect(report.comparison).toMatchObject({ published: 'best@1' });
    expect(report.trials.map(({ cell, score }) => [cell, score])).toEqual([
      ['rnn', 1],
      ['gru', 2],
    ]);
    expect(service.published('best')).toEqual([['1', 'best']]);
    expect(service.published('best-rnn')).toEqual([]);
    expect(await service.comparisons.cancel(comparison.id, anyone)).toMatchObject({
      comparison: { status: 'succeeded' },
    });
  });

  it('publishes nothing once cancelled, even if a trial succeeded', async () => {
    const service = createService();
    const { comparison } = await service.comparisons.create(request(), anyone);
    await finish(service, 0, 1);
    const run = await eventually(() => service.runs[1]);
    run.checkpoint(1);
    run.send({ kind: 'progress', epoch: 0, step: 1, steps: 9, loss: 1, stepsPerSecond: 1, secondsLeft: 1 });
    const cancelled = await service.comparisons.cancel(comparison.id, anyone);
    expect(cancelled.comparison.status).toBe('cancelled');
    // the last trial completes in spite of that
    run.end();
    await eventually(() => service.jobs.counts().cancelling === undefined);
    expect(await getStatus(service, comparison.id)).toBe('cancelled');
    expect(service.published('best')).toEqual([]);
  });

  it('publishes nothing when cancelled while it is being decided', async () => {
    const service = createService();
    const { comparison } = await service.comparisons.create(request(), anyone);
    await finish(service, 0, 1);
    // the decision waits for the database now
    await finish(service, 1, 1);
    const { status } = (await service.comparisons.cancel(comparison.id, anyone)).comparison;
    const end = await eventually(async () => {
      const now = await getStatus(service, comparison.id);
      return now === 'publishing' || now === 'running' ? null : now;
    });
    expect(end).toBe(status === 'cancelled' ? 'cancelled' : 'succeeded');
    expect(service.published('best')).toHaveLength(status === 'cancelled' ? 0 : 1);
  });

  it('is published after the next start if publishing fails during shutdown', async () => {
    const gate = Promise.withResolvers<void>();
    const service = createService({ beforePublishing: () => gate.promise });
    const { comparison } = await service.comparisons.create(request(), anyone);
    await finish(service, 0, 1);
    await finish(service, 1, 2);
    await eventually(async () => (await getStatus(service, comparison.id)) === 'publishing');
    service.beginClosing();
    gate.reject(new Error('the repository is closed'));
    await gate.promise.catch(() => {});
    await service.comparisons.list(anyone);
    expect((await service.store.comparison(comparison.id))!.status).toBe('publishing');
  });

  it('counts each trial against the job limit, or creates none', async () => {
    const service = createService({ maxUnfinished: 3 });
    const four = request({ grid: { 'hyperparameters.learning_rate': [0.1, 0.2] } });
    await expect(service.comparisons.create(four, anyone)).rejects.toMatchObject({ code: 'too_many_jobs' });
    expect(service.jobs.counts()).toEqual({});
    expect(readdirSync(service.folder)).not.toContain('jobs');
    await service.comparisons.create(request(), anyone);
    await service.jobs.create(spec('third'), anyone);
    await expect(service.jobs.create(spec('fourth'), anyone)).rejects.toMatchObject({
      code: 'too_many_jobs',
    });
  });

  it('fails if no trial succeeds, and is cancelled if all trials were cancelled', async () => {
    const service = createService();
    const failed = await service.comparisons.create(request(), anyone);
    for (const index of [0, 1]) (await eventually(() => service.runs[index])).exit('exit');
    await eventually(async () => (await getStatus(service, failed.comparison.id)) === 'failed');
    const cancelled = await service.comparisons.create(request(), anyone);
    for (const { job } of cancelled.trials) await service.jobs.cancel(job, anyone);
    await expect.poll(() => getStatus(service, cancelled.comparison.id)).toBe('cancelled');
  });

  it('is decided after a restart of a killed server', async () => {
    const { folder, folders } = createService();
    const first = createService({ folder });
    const { comparison } = await first.comparisons.create(request(), anyone);
    await finish(first, 0, 1);
    await finish(first, 1, 2);
    await eventually(() => first.published('best').length === 1);
    for (const status of ['running', 'publishing'] as const) {
      const next = createService({ folder });
      for (const { job } of comparison.trials) {
        await next.store.saveJob(
          makeJob({ id: job, status: 'succeeded', best: 1, comparison: comparison.id }),
        );
      }
      const { job } = comparison.trials[0]!;
      next.comparisons.restore([
        { ...comparison, status, ...(status === 'publishing' && { best: { job, step: 1 } }) },
      ]);
      next.comparisons.decideAll();
      await eventually(async () => (await getStatus(next, comparison.id)) === 'succeeded');
      expect(next.published('best')).toEqual([['1', 'best']]);
    }
    expect(folders.base('none')).toBeNull();
  });
});
