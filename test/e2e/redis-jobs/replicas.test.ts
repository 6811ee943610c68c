import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { describeWhere } from '../../support/needs.ts';
import { hasRedis, missingRedis } from '../../support/redis-server.ts';
import { until } from '../start-process.ts';
import {
  hasReached,
  isOver,
  listEvents,
  show,
  startCluster,
  taggerJob,
  untilJob,
  type TrainingJob,
} from './cluster.ts';

// Several servers: what one is told, the others know.

const long = { budget: { epochs: 100_000 } };

describeWhere(hasRedis, missingRedis, 'servers that share their training jobs', () => {
  it('cancel, pause and resume each other’s jobs, which wait, run or are paused', async () => {
    const cluster = await startCluster();
    const [a, b] = await Promise.all([cluster.server(), cluster.server()]);
    // nobody takes jobs yet
    const waiting = await a.ask<TrainingJob>('/v1/training/jobs', taggerJob('waiting', long));
    await untilJob(b, waiting.id, ({ status }) => status === 'queued');
    expect(await b.ask(`/v1/training/jobs/${waiting.id}/cancel`, {})).toMatchObject({ status: 'cancelled' });
    expect(await show(a, waiting.id)).toMatchObject({ status: 'cancelled' });

    const { id } = await a.ask<TrainingJob>('/v1/training/jobs', taggerJob('running', long));
    await untilJob(b, id, ({ status }) => status === 'queued');
    expect(await b.ask(`/v1/training/jobs/${id}/pause`, {})).toMatchObject({ status: 'paused' });
    await cluster.worker();
    await delay(1000);
    expect(await show(a, id)).toMatchObject({ status: 'paused' });
    expect(await a.ask(`/v1/training/jobs/${id}/resume`, {})).toMatchObject({ status: 'queued' });
    await untilJob(b, id, hasReached(20));
    await b.ask(`/v1/training/jobs/${id}/pause`, {});
    await untilJob(a, id, ({ status }) => status === 'paused');
    await a.ask(`/v1/training/jobs/${id}/resume`, {});
    await untilJob(b, id, ({ status }) => status === 'running');
    expect(await b.ask(`/v1/training/jobs/${id}/cancel`, {})).toMatchObject({ status: 'cancelling' });
    expect(['cancelling', 'cancelled']).toContain((await show(a, id)).status);
    expect(await untilJob(a, id, isOver)).toMatchObject({ status: 'cancelled' });
    for (const server of [a, b]) {
      const again = await server.post(`/v1/training/jobs/${id}/cancel`, {});
      expect([again.status, await again.json()]).toEqual([
        409,
        expect.objectContaining({ code: 'job_state_conflict' }),
      ]);
    }
    expect(readdirSync(cluster.models)).toEqual([]);
  });

  it('keep the order of jobs, the bound of the queue and one job a model, over all of them', async () => {
    const cluster = await startCluster();
    const settings = { TRAINING_QUEUE: 4 };
    const [a, b] = await Promise.all([cluster.server(settings), cluster.server(settings)]);
    const short = { budget: { epochs: 1 } };
    const ids: string[] = [];
    for (const [i, server] of [a, b, a, b].entries())
      ids.push((await server.ask<TrainingJob>('/v1/training/jobs', taggerJob(`model-${i}`, short))).id);
    const taken = await b.post('/v1/training/jobs', taggerJob('model-0', short));
    expect([taken.status, ((await taken.json()) as { detail: string }).detail]).toEqual([
      409,
      `model: "model-0" is being trained by job ${ids[0]}, which is queued`,
    ]);
    const full = await a.post('/v1/training/jobs', taggerJob('model-5', short));
    expect([full.status, ((await full.json()) as { detail: string }).detail]).toEqual([
      429,
      'at most 4 unfinished jobs (UNROLL_TRAINING_QUEUE): there are 4, 1 more were requested',
    ]);
    const list = (await (await b.get('/v1/training/jobs')).json()) as { data: TrainingJob[] };
    expect(list.data.map(({ id }) => id)).toEqual(ids.toReversed());
    await cluster.worker();
    for (const id of ids) expect(await untilJob(a, id, isOver)).toMatchObject({ status: 'succeeded' });
    const started = await Promise.all(
      ids.map(
        async (id) => (await listEvents(b, id)).find(({ message }) => message === 'the job is running')!.id,
      ),
    );
    expect(started).toEqual(started.toSorted((x, y) => x - y));
  });

  it('create one job of many that are asked for at once under one name', async () => {
    const cluster = await startCluster();
    const servers = await Promise.all([cluster.server(), cluster.server()]);
    const body = taggerJob('same', long);
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, i) => servers[i % 2]!.post('/v1/training/jobs', body)),
    );
    expect(replies.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([
      200,
      ...Array(9).fill(409),
    ]);
  });

  it('stream a job’s events and progress wherever it runs, to the end', async () => {
    const cluster = await startCluster();
    const [a, b] = await Promise.all([cluster.server(), cluster.server()]);
    await cluster.worker();
    const { id } = await a.ask<TrainingJob>('/v1/training/jobs', taggerJob('streamed'));
    const stream = await b.get(`/v1/training/jobs/${id}/events?stream=true`);
    const text = await stream.text();
    expect(text).toContain('event: progress');
    expect(text).toContain('event: metrics');
    expect(text.trimEnd().split('\n').at(-1)).toContain('the job has succeeded');
    const streamed = [...text.matchAll(/^id: (\d+)$/gm)].map(([, event]) => Number(event));
    expect(streamed).toEqual((await listEvents(a, id)).map((event) => event.id));
  });

  it('take datasets from each other, and keep those that a job uses', async () => {
    const cluster = await startCluster();
    const [a, b] = await Promise.all([cluster.server(), cluster.server()]);
    const lines = taggerJob('x')
      .data.records.map((record) => JSON.stringify(record))
      .join('\n');
    const uploaded = await a.post('/v1/datasets?task=tag', lines, {
      headers: { 'content-type': 'application/jsonl' },
    });
    const { id: dataset } = (await uploaded.json()) as { id: string };
    const { id } = await b.ask<TrainingJob>(
      '/v1/training/jobs',
      taggerJob('from-dataset', { data: { dataset } }),
    );
    const refused = await a.get(`/v1/datasets/${dataset}`, { method: 'DELETE' });
    expect([refused.status, await refused.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'in_use' }),
    ]);
    await cluster.worker();
    expect(await untilJob(a, id, isOver)).toMatchObject({ status: 'succeeded' });
    expect((await b.get(`/v1/datasets/${dataset}`, { method: 'DELETE' })).status).toBe(200);
    expect((await a.get(`/v1/datasets/${dataset}`)).status).toBe(404);
  });

  it('publish a checkpoint once, whoever is asked, and serve it everywhere', async () => {
    const cluster = await startCluster();
    const servers = await Promise.all([cluster.server(), cluster.server()]);
    await cluster.worker();
    const { id } = await servers[0].ask<TrainingJob>('/v1/training/jobs', taggerJob('chosen'));
    const { best_step: best } = await untilJob(servers[1], id, isOver);
    const reply = await servers[1].get(`/v1/training/jobs/${id}/checkpoints`);
    const { data } = (await reply.json()) as { data: { step: number }[] };
    const other = data.find(({ step }) => step !== best)!.step;
    const replies = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        servers[i % 2]!.ask<{ published: string }>(
          `/v1/training/jobs/${id}/checkpoints/${other}/publish`,
          {},
        ),
      ),
    );
    expect(replies.map(({ published }) => published)).toEqual(Array(6).fill('chosen@2'));
    expect(readdirSync(join(cluster.models, 'chosen')).toSorted()).toEqual(['1', '2']);
    for (const server of servers)
      await until(async () => {
        const { status } = await server.post('/v1/models/chosen@2/tag', { input: 'the dog' });
        return status === 200;
      });
  });

  it('compare cells, and publish the best once', async () => {
    const cluster = await startCluster();
    const [a, b] = await Promise.all([cluster.server(), cluster.server()]);
    const { model: _, ...spec } = taggerJob('', { budget: { epochs: 2 } });
    const { id } = await a.ask<{ id: string }>('/v1/training/comparisons', {
      model: 'best',
      spec,
      cells: ['gru', 'rnn'],
    });
    await Promise.all([cluster.worker(), cluster.worker()]);
    const done = await until(async () => {
      const reply = await b.get(`/v1/training/comparisons/${id}`);
      const seen = (await reply.json()) as { status: string; published: string; trials: TrainingJob[] };
      return seen.status === 'running' || seen.status === 'publishing' ? null : seen;
    }, 40_000);
    expect(done).toMatchObject({ status: 'succeeded', published: 'best@1' });
    expect(done.trials.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    expect(readdirSync(cluster.models)).toEqual(['best']);

    const second = await b.ask<{ id: string }>('/v1/training/comparisons', {
      model: 'never',
      spec: { ...spec, ...long },
      cells: ['gru', 'rnn'],
    });
    const cancelled = await a.ask<{ status: string }>(`/v1/training/comparisons/${second.id}/cancel`, {});
    expect(cancelled.status).toBe('cancelled');
    await until(async () => {
      const reply = await b.get(`/v1/training/comparisons/${second.id}`);
      return ((await reply.json()) as { trials: TrainingJob[] }).trials.every(isOver);
    }, 20_000);
    expect(readdirSync(cluster.models)).toEqual(['best']);
  });

  it('fail a job whose data is not valid, with the line', async () => {
    const cluster = await startCluster();
    const [a, b] = await Promise.all([cluster.server(), cluster.server()]);
    const data = { records: [{ tokens: ['a', 'b'], labels: ['X'] }] };
    const { id } = await a.ask<TrainingJob>('/v1/training/jobs', taggerJob('invalid', { data }));
    const failed = await until(async () => {
      const seen = await show(b, id);
      return isOver(seen) ? seen : null;
    });
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'invalid_dataset' } });
    expect(failed.error!.message).toMatch(/^data: line 1: /);
  });
});
