import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasRedis, missingRedis } from '../../support/redis-server.ts';
import { describeWhere } from '../../support/needs.ts';
import { startServer, until } from '../server-process.ts';
import {
  hasReached,
  isOver,
  lastStep,
  leaseMs,
  listEvents,
  startCluster,
  taggerJob,
  untilJob,
  type Cluster,
  type TrainingJob,
  type TrainWorkerProcess,
} from './cluster.ts';

describeWhere(hasRedis, missingRedis, 'a job whose worker is lost', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unroll-embedded-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  /** The weights of the same job, run without interruption by a server with the embedded database. */
  let uninterrupted = '';
  beforeAll(async () => {
    const [models, data] = [join(folder, 'models'), join(folder, 'data')];
    mkdirSync(models);
    const server = await startServer(models, { DATA: data, WORKERS: 1 });
    const { id } = await server.ask<TrainingJob>('/v1/training/jobs', taggerJob('tagger'));
    await untilJob(server, id, isOver);
    const path = join(data, 'jobs', id, 'checkpoints', String(lastStep), 'weights.safetensors');
    uninterrupted = createHash('sha256').update(readFileSync(path)).digest('hex');
    await server.stop();
  });

  /** The worker that runs the only job. */
  const owner = (workers: readonly TrainWorkerProcess[], id: string): TrainWorkerProcess =>
    workers.find(({ output }) => output().includes(id))!;
  const versions = ({ models }: Cluster): string[] => readdirSync(join(models, 'tagger')).toSorted();

  it('is finished by another from the last checkpoint, with the same bits, seen by every server', async () => {
    const cluster = await startCluster();
    const [a, b] = await Promise.all([cluster.server(), cluster.server()]);
    const workers = await Promise.all([cluster.worker(), cluster.worker()]);
    const { id } = await a.ask<TrainingJob>('/v1/training/jobs', taggerJob('tagger'));
    await untilJob(b, id, hasReached(100));
    expect(await owner(workers, id).end('SIGKILL')).toBe(null);
    const done = await untilJob(b, id, isOver);
    expect(done).toMatchObject({ status: 'succeeded', published: 'tagger@1' });
    expect(cluster.weights(id, lastStep)).toBe(uninterrupted);
    const messages = (await listEvents(a, id)).map(({ message }) => message);
    const resumed = messages.findIndex((message) => message.startsWith('the job resumes at step '));
    expect(Number(/\d+/.exec(messages[resumed]!)![0])).toBeGreaterThanOrEqual(88);
    expect(messages.at(-1)).toBe(`the job has succeeded: step ${done.best_step} is tagger@1`);
    for (const server of [a, b]) {
      const reply = await until(async () => {
        const answer = await server.post('/v1/models/tagger/tag', { input: 'the dog sleeps' });
        return answer.status === 200 ? answer : null;
      });
      const { predictions } = (await reply.json()) as { predictions: { tokens: { label: string }[] }[] };
      expect(predictions[0]!.tokens.map(({ label }) => label)).toEqual(['D', 'N', 'V']);
    }
    expect(await a.stop()).toBe(0);
    expect(await b.stop()).toBe(0);
  });

  it('is not touched by a worker that was stopped past its lease and goes on', async () => {
    const cluster = await startCluster();
    const server = await cluster.server();
    const workers = await Promise.all([cluster.worker(), cluster.worker()]);
    const { id } = await server.ask<TrainingJob>('/v1/training/jobs', taggerJob('tagger'));
    await untilJob(server, id, hasReached(100));
    const stopped = owner(workers, id);
    stopped.process.kill('SIGSTOP');
    const other = workers.find((one) => one !== stopped)!;
    await until(() => other.output().includes(id), 20_000);
    // both run now: the one that was stopped has a thread that would write checkpoints, and events to report
    stopped.process.kill('SIGCONT');
    const done = await untilJob(server, id, isOver);
    expect(done).toMatchObject({ status: 'succeeded', published: 'tagger@1' });
    await until(() => stopped.output().includes('the lease of a job is lost'), 10_000);
    await delay(2 * leaseMs);
    expect(cluster.weights(id, lastStep)).toBe(uninterrupted);
    expect(versions(cluster)).toEqual(['1']);
    // every checkpoint and every measurement is reported once, by one of them
    const events = await listEvents(server, id);
    const steps = events.filter(({ type }) => type === 'checkpoint').map(({ step }) => step);
    expect(steps).toEqual([...new Set(steps)].toSorted((x, y) => x - y));
    // removed after the job's end is recorded
    await until(() => !existsSync(join(cluster.data, 'leases', id)));
    // and it takes the next job as if nothing had been
    await other.end('SIGTERM');
    const again = { ...taggerJob('tagger'), publish: 'always' };
    const next = await server.ask<TrainingJob>('/v1/training/jobs', again);
    expect(await untilJob(server, next.id, isOver)).toMatchObject({ published: 'tagger@2' });
    await server.stop();
  });

  it('is given back at once, after a checkpoint, by a worker that is asked to end', async () => {
    // longer than the test may take: the job is not waited for
    const lease = { TRAINING_LEASE_MS: 600_000 };
    const cluster = await startCluster();
    const server = await cluster.server();
    const first = await cluster.worker(lease);
    const { id } = await server.ask<TrainingJob>('/v1/training/jobs', taggerJob('tagger'));
    await untilJob(server, id, hasReached(100));
    expect(await first.end('SIGTERM')).toBe(0);
    const checkpoints = readdirSync(join(cluster.data, 'jobs', id, 'checkpoints')).map(Number);
    await cluster.worker(lease);
    expect(await untilJob(server, id, isOver)).toMatchObject({ status: 'succeeded' });
    expect(cluster.weights(id, lastStep)).toBe(uninterrupted);
    const messages = (await listEvents(server, id)).map(({ message }) => message);
    expect(messages).toContain(`the job resumes at step ${Math.max(...checkpoints)}`);
    await server.stop();
  });

  it('goes on after Redis was killed and started again, with the same bits', async () => {
    const cluster = await startCluster();
    const server = await cluster.server();
    await cluster.worker();
    const { id } = await server.ask<TrainingJob>('/v1/training/jobs', taggerJob('tagger'));
    await untilJob(server, id, hasReached(60));
    await cluster.redis.kill();
    const refused = await until(async () => {
      const reply = await server.get(`/v1/training/jobs/${id}`);
      return reply.status === 503 ? reply : null;
    });
    expect(await refused.json()).toMatchObject({
      code: 'training_unavailable',
      detail: expect.stringContaining('Redis (UNROLL_REDIS_URL) cannot be reached') as string,
    });
    expect((await server.post('/v1/training/jobs', taggerJob('other'))).status).toBe(503);
    // models are served meanwhile
    expect((await server.get('/v1/models')).status).toBe(200);
    await delay(500);
    await cluster.redis.restart();
    await until(async () => (await server.get(`/v1/training/jobs/${id}`)).status === 200);
    expect(await untilJob(server, id, isOver)).toMatchObject({ status: 'succeeded', published: 'tagger@1' });
    expect(cluster.weights(id, lastStep)).toBe(uninterrupted);
    const steps = (await listEvents(server, id))
      .filter(({ type }) => type === 'checkpoint')
      .map(({ step }) => step);
    expect(steps).toEqual([...new Set(steps)].toSorted((x, y) => x - y));
    await server.stop();
  });
});
