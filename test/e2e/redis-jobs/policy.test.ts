import { expect, it } from 'vitest';
import { describeWhere } from '../../support/needs.ts';
import { hasRedis, missingRedis } from '../../support/redis-server.ts';
import { isOver, startCluster, untilJob, type TrainingJob } from './cluster.ts';
import { lettersJob as spec, wrong } from '../letters-job.ts';

// What workers publish obeys the policy of the job, as in one server.

interface Decided extends TrainingJob {
  readonly publication: { published: boolean; reason: string } | null;
}

describeWhere(hasRedis, missingRedis, 'jobs that workers run', () => {
  it('publish by their policy, measured with the version that has the traffic', async () => {
    const cluster = await startCluster();
    const server = await cluster.server();
    await cluster.worker();
    const train = async (more: object): Promise<Decided> => {
      const { id } = await server.ask<TrainingJob>('/v1/training/jobs', spec(more));
      return (await untilJob(server, id, isOver)) as Decided;
    };
    const current = async (): Promise<number> => {
      const { data } = (await (await server.get('/v1/models')).json()) as { data: { version: number }[] };
      return data[0]!.version;
    };
    expect(await train({})).toMatchObject({ published: 'letters@1', publication: { published: true } });
    const worse = await train({ data: { records: wrong }, budget: { epochs: 1 } });
    expect(worse).toMatchObject({ status: 'succeeded', published: null, publication: { published: false } });
    expect(worse.publication!.reason).toContain('it is not better: validation_accuracy');
    const path = `/v1/training/jobs/${worse.id}/checkpoints/${worse.best_step}/publish`;
    expect(await server.ask(path, {})).toMatchObject({ published: 'letters@2' });
    expect(await current()).toBe(2);
    const reply = await fetch(`${server.url}/v1/models/letters/aliases/default`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"version":1}',
    });
    expect(reply.status).toBe(200);
    expect(await current()).toBe(1);
    expect(await train({ data: { records: wrong }, budget: { epochs: 1 }, seed: 2 })).toMatchObject({
      published: null,
    });
    expect(await train({ publish: 'never' })).toMatchObject({ published: null });
    const always = { data: { records: wrong }, budget: { epochs: 1 }, publish: 'always' };
    expect(await train(always)).toMatchObject({ published: 'letters@3' });
    const refused = await server.post('/v1/training/jobs', spec({ task: 'generate' }));
    expect([refused.status, await refused.json()]).toMatchObject([409, { code: 'publish_refused' }]);
    // a comparison decides as a job does
    const { model: _, ...trial } = spec({
      data: { records: wrong },
      budget: { epochs: 1 },
      publish: 'never',
    });
    const comparison = await server.ask<{ id: string }>('/v1/training/comparisons', {
      model: 'letters',
      spec: trial,
      cells: ['gru'],
    });
    await expect
      .poll(async () => (await server.get(`/v1/training/comparisons/${comparison.id}`)).json(), {
        timeout: 60_000,
        interval: 500,
      })
      .toMatchObject({ status: 'succeeded', published: null, publication: { reason: 'publish is never' } });
  }, 240_000);
});
