import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRedisCalls } from '../../../src/jobs/redis/calls.ts';
import { createRedisStore, writeUnguarded } from '../../../src/jobs/redis/redis-store.ts';
import { createJobRows } from '../../../src/jobs/redis/rows.ts';
import { describeWhere } from '../../support/needs.ts';
import { hasRedis, missingRedis } from '../../support/redis-server.ts';
import { makeJob } from '../fixtures.ts';
import { testJobStore } from '../store/store-contract.ts';
import { openTestRedis, type TestRedis } from './test-redis.ts';

describeWhere(hasRedis, missingRedis, 'the store in Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => (redis = await openTestRedis()));
  afterAll(() => redis.stop());
  const openStore = (folder = '/data') =>
    createRedisStore(createRedisCalls(redis.connection), createJobRows(folder), writeUnguarded);

  testJobStore(async () => {
    await redis.connection.client.flushall();
    return openStore();
  });

  it('keeps the paths of files relative to UNROLL_DATA, which each machine may mount elsewhere', async () => {
    const path = '/mnt/a/jobs/job_x/data.jsonl';
    await openStore('/mnt/a').saveJob(makeJob({ id: 'job_x', data: { path, format: 'jsonl' } }));
    expect((await openStore('/srv/b').job('job_x'))!.data.path).toBe('/srv/b/jobs/job_x/data.jsonl');
    expect((await openStore('/mnt/a').job('job_x'))!.data.path).toBe(path);
  });

  it('leaves out what is not a job, a dataset or an event', async () => {
    await redis.connection.client.flushall();
    const [store, job] = [openStore(), makeJob()];
    await store.saveJob(job);
    await store.saveJob(makeJob({ id: 'job_broken' }));
    await redis.connection.client.hset('unroll:training:job:job_broken', 'body', '{');
    await redis.connection.client.zadd(`unroll:training:events:${job.id}`, 1, '1:0:{');
    await redis.connection.client.zadd('unroll:training:datasets', 1, 'ds_1');
    expect(await store.jobs({ limit: 9 })).toEqual([job]);
    expect(await store.unfinishedJobs()).toEqual([job]);
    expect(await store.events(job.id, { limit: 9, after: 0 })).toEqual([]);
    expect(await store.datasets()).toEqual([]);
  });
});
