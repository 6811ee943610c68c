import { Redis } from 'ioredis';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { describeWhere } from '../../support/needs.ts';
import { hasRedis, missingRedis } from '../../support/redis-server.ts';
import { until } from '../start-process.ts';
import {
  hasReached,
  isOver,
  lastStep,
  listEvents,
  startCluster,
  taggerJob,
  untilJob,
  type TrainingJob,
} from './cluster.ts';

const program = join(import.meta.dirname, '../../../bin/unroll.js');
const run = (command: string, settings: Readonly<Record<string, string>>) =>
  spawnSync(process.execPath, [program, command], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], UNROLL_PORT: '0', ...settings },
  });

describeWhere(hasRedis, missingRedis, 'training jobs in Redis, when something is wrong', () => {
  it('start with a server and a worker that Redis does not answer, and begin when it does', async () => {
    const cluster = await startCluster();
    await cluster.redis.kill();
    const server = await cluster.server();
    const worker = await cluster.worker();
    const refused = await server.post('/v1/training/jobs', taggerJob('late'));
    expect([refused.status, await refused.json()]).toEqual([
      503,
      expect.objectContaining({ code: 'training_unavailable' }),
    ]);
    expect(await (await server.get('/v2/health/ready')).text()).toContain('Redis (UNROLL_REDIS_URL)');
    await cluster.redis.restart();
    const { id } = await until(async () => {
      const reply = await server.post('/v1/training/jobs', taggerJob('late'));
      return reply.status === 200 ? ((await reply.json()) as TrainingJob) : null;
    });
    expect(await untilJob(server, id, isOver)).toMatchObject({ status: 'succeeded' });
    // an outage is logged once, not once an attempt
    expect(worker.output().match(/Redis cannot be reached/g)!.length).toBeLessThanOrEqual(3);
    expect(await server.stop()).toBe(0);
    expect(await worker.end('SIGTERM')).toBe(0);
  });

  it('survive a Redis that stops answering, and servers are stopped meanwhile', async () => {
    const cluster = await startCluster();
    const [a, b] = await Promise.all([cluster.server(), cluster.server({ DRAIN_MS: 500 })]);
    await cluster.worker();
    const { id } = await a.ask<TrainingJob>('/v1/training/jobs', taggerJob('frozen'));
    await untilJob(b, id, hasReached(40));
    const stream = await a.get(`/v1/training/jobs/${id}/events?stream=true`);
    cluster.redis.process.kill('SIGSTOP');
    const refused = await a.get(`/v1/training/jobs/${id}`);
    expect(refused.status).toBe(503);
    expect(await b.stop()).toBe(0);
    cluster.redis.process.kill('SIGCONT');
    await until(async () => (await a.get(`/v1/training/jobs/${id}`)).status === 200, 20_000);
    expect(await untilJob(a, id, isOver)).toMatchObject({
      status: 'succeeded',
      best_step: expect.any(Number) as number,
    });
    expect((await stream.text()).trimEnd().split('\n').at(-1)).toContain('the job has succeeded');
    const checkpoints = (await listEvents(a, id)).filter(({ type }) => type === 'checkpoint');
    const steps = checkpoints.map(({ step }) => step);
    expect(steps).toEqual([...new Set(steps)].toSorted((x, y) => x - y));
    expect(steps.at(-1)).toBe(lastStep);
  });

  it('end with a worker that is asked to end while Redis is gone, and go on with another', async () => {
    const cluster = await startCluster();
    const server = await cluster.server();
    const worker = await cluster.worker();
    const { id } = await server.ask<TrainingJob>('/v1/training/jobs', taggerJob('orphan'));
    await untilJob(server, id, hasReached(60));
    await cluster.redis.kill();
    expect(await worker.end('SIGTERM')).toBe(0);
    await cluster.redis.restart();
    await cluster.worker();
    expect(await untilJob(server, id, isOver)).toMatchObject({ status: 'succeeded' });
  });

  it('are put into the queue again when Redis has lost it', async () => {
    const cluster = await startCluster();
    const server = await cluster.server();
    const { id } = await server.ask<TrainingJob>(
      '/v1/training/jobs',
      taggerJob('lost', { budget: { epochs: 1 } }),
    );
    await untilJob(server, id, ({ status }) => status === 'queued');
    await delay(100);
    const redis = new Redis(cluster.redis.url);
    const entries = await redis.keys('unroll:queue:*');
    expect(await redis.del(...entries)).toBe(entries.length);
    redis.disconnect();
    await cluster.worker();
    expect(await untilJob(server, id, isOver)).toMatchObject({ status: 'succeeded' });
  });

  it('refuse settings that do not fit', () => {
    for (const command of ['serve', 'train-worker']) {
      const { status, stderr } = run(command, { UNROLL_JOBS: 'bullmq' });
      expect([status, stderr]).toEqual([2, 'UNROLL_REDIS_URL: must be set, because UNROLL_JOBS is bullmq\n']);
    }
    const redis = { UNROLL_REDIS_URL: 'redis://127.0.0.1:1' };
    expect(run('train-worker', { ...redis, UNROLL_JOBS: 'embedded' })).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^UNROLL_JOBS: must be bullmq for a train-worker/) as string,
    });
    expect(run('train-worker', { ...redis, UNROLL_TRAINING_JOBS: '0' })).toMatchObject({
      status: 2,
      stderr: 'UNROLL_TRAINING_JOBS: must be at least 1 for a train-worker, was "0"\n',
    });
  });
});
