import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createRng } from '../../../src/random.ts';
import { describeWhere } from '../../support/needs.ts';
import { hasRedis, missingRedis } from '../../support/redis-server.ts';
import {
  isOver,
  lastStep,
  leaseMs,
  listEvents,
  startCluster,
  taggerJob,
  untilJob,
  type TrainingJob,
} from './cluster.ts';

describeWhere(hasRedis, missingRedis, 'jobs whose workers and Redis are killed and stopped at random', () => {
  it('end with the same bits, published once, with every event once', { timeout: 180_000 }, async () => {
    const cluster = await startCluster();
    const server = await cluster.server();
    const settings = { TRAINING_JOBS: 2 };
    const workers = await Promise.all([cluster.worker(settings), cluster.worker(settings)]);
    const models = ['one', 'two', 'three'];
    const ids = await Promise.all(
      models.map(async (model) => (await server.ask<TrainingJob>('/v1/training/jobs', taggerJob(model))).id),
    );
    const random = createRng(7);
    for (let round = 0; round < 6; round++) {
      await delay(500 + 1500 * random.next());
      const index = Math.floor(random.next() * workers.length);
      const victim = workers[index]!;
      if (round % 3 === 0) {
        await victim.end('SIGKILL');
        workers[index] = await cluster.worker(settings);
      } else if (round % 3 === 1) {
        victim.process.kill('SIGSTOP');
        await delay(2.5 * leaseMs);
        victim.process.kill('SIGCONT');
      } else {
        await cluster.redis.kill();
        await delay(2 * leaseMs * random.next());
        await cluster.redis.restart();
      }
    }
    for (const id of ids) {
      const shown = await untilJob(server, id, isOver, 90_000).catch((error: unknown) => {
        throw new Error(workers.map(({ output }) => output()).join('\n'), { cause: error });
      });
      expect(shown).toMatchObject({ status: 'succeeded' });
      const events = await listEvents(server, id);
      const checkpoints = events.filter(({ type }) => type === 'checkpoint').map(({ step }) => step);
      expect(checkpoints).toEqual([...new Set(checkpoints)].toSorted((x, y) => x - y));
      expect(events.at(-1)!.message).toMatch(/^the job has succeeded/);
      expect(events.filter(({ message }) => message.startsWith('the job has succeeded'))).toHaveLength(1);
    }
    expect(new Set(ids.map((id) => cluster.weights(id, lastStep))).size).toBe(1);
    for (const model of models) expect(readdirSync(join(cluster.models, model))).toEqual(['1']);
    await delay(2 * leaseMs);
    const left = ids.filter((id) => existsSync(join(cluster.data, 'leases', id)));
    expect(left).toEqual([]);
  });
});
