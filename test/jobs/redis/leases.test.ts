import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ModelSpec } from '../../../src/network/spec.ts';
import { writeCheckpoint } from '../../../src/training/run/checkpoint.ts';
import { createRedisCalls } from '../../../src/jobs/redis/calls.ts';
import { keys, lockKey } from '../../../src/jobs/redis/keys.ts';
import { createJobChanges } from '../../../src/jobs/redis/job-changes.ts';
import { createLeaseFolders } from '../../../src/jobs/redis/lease-folders.ts';
import { createLeases } from '../../../src/jobs/redis/leases.ts';
import { createRedisStore, writeUnguarded } from '../../../src/jobs/redis/redis-store.ts';
import { createJobRows } from '../../../src/jobs/redis/rows.ts';
import { describeWhere } from '../../support/needs.ts';
import { hasRedis, missingRedis } from '../../support/redis-server.ts';
import { makeEvent, makeJob, temporaryFolder } from '../fixtures.ts';
import { openTestRedis, type TestRedis } from './test-redis.ts';

describeWhere(hasRedis, missingRedis, 'the lease of a job', () => {
  let redis: TestRedis;
  beforeAll(async () => (redis = await openTestRedis()));
  afterAll(() => redis.stop());
  const folder = temporaryFolder();
  const anybody = { name: null, all: true };
  let id = '';
  let entry = '';
  beforeEach(async () => {
    const job = makeJob({ status: 'running' });
    ({ id } = job);
    entry = `${id}.1`;
    mkdirSync(join(folder, 'jobs', id, 'checkpoints'), { recursive: true });
    await plain().saveJob(job);
    await redis.connection.client.hset(keys.job(id), 'entry', entry);
  });

  const rows = createJobRows(folder);
  const plain = () => createRedisStore(createRedisCalls(redis.connection), rows, writeUnguarded);
  const changes = () => createJobChanges(createRedisCalls(redis.connection), rows);
  /** A worker of its own. */
  const startWorker = () => {
    const lost: string[] = [];
    const calls = createRedisCalls(redis.connection);
    const leases = createLeases(calls, rows, createLeaseFolders(folder), ({ job }) => lost.push(job));
    return { leases, lost, store: createRedisStore(calls, rows, leases.write) };
  };
  /** What the queue does when it gives an entry to a worker, or when a lock expires. */
  const lock = (token: string) => redis.connection.client.set(lockKey(entry), token);
  const expire = () => redis.connection.client.del(lockKey(entry));
  const messages = async () =>
    (await plain().events(id, { limit: 99, after: 0 })).map(({ message }) => message);

  it('is one worker’s at a time, and none’s whose entry is not the job’s', async () => {
    await lock('a:1');
    const [one, two] = [startWorker(), startWorker()];
    expect((await one.leases.claim(id, entry, 'a:1'))!.job).toMatchObject({ id, status: 'running' });
    // another entry of the same job, and a token that is not the lock's
    expect(await two.leases.claim(id, `${id}.0`, 'b:1')).toBeNull();
    expect(await two.leases.claim(id, entry, 'b:1')).toBeNull();
    expect(await two.leases.claim('job_none', entry, 'a:1')).toBeNull();
    await redis.connection.client.hset(keys.job(id), 'entry', `${id}.2`);
    await redis.connection.client.set(lockKey(`${id}.2`), 'b:2');
    expect(await two.leases.claim(id, `${id}.2`, 'b:2')).toBeNull();
    expect(await one.leases.check(one.leases.get(id)!)).toBe(true);
  });

  it('refuses every write of a worker whose lock has expired or is another’s', async () => {
    await lock('a:1');
    const [late, next] = [startWorker(), startWorker()];
    const { lease, job } = (await late.leases.claim(id, entry, 'a:1'))!;
    await late.store.addEvent(makeEvent(id, 'in time', { step: 1 }));
    await expire();
    await lock('b:1');
    expect(await next.leases.claim(id, entry, 'b:1')).not.toBeNull();
    await next.store.addEvent(makeEvent(id, 'of the next', { step: 2 }));
    await late.store.addEvent(makeEvent(id, 'too late'));
    await late.store.saveJob({ ...job, status: 'failed' });
    await late.store.removeAfterStep(id, 0);
    await late.store.saveCheckpoint({
      job: id,
      step: 9,
      epoch: 0,
      createdAt: 0,
      metrics: {},
      best: true,
      published: null,
    });
    expect(await late.leases.check(lease)).toBe(false);
    expect(late.lost).toEqual([id]);
    expect(await messages()).toEqual(['in time', 'of the next']);
    expect(await plain().checkpoints(id)).toEqual([]);
    expect(await plain().job(id)).toMatchObject({ status: 'running' });
    // ending it takes nothing from the next
    await late.leases.release(lease, 'now');
    await next.store.addEvent(makeEvent(id, 'still the next', { step: 3 }));
    expect((await messages()).at(-1)).toBe('still the next');
  });

  it('is renewed after its lock has expired, unless another has the entry or a server changed the job', async () => {
    await lock('a:1');
    const { leases, lost, store } = startWorker();
    const { lease } = (await leases.claim(id, entry, 'a:1'))!;
    await expire();
    await store.addEvent(makeEvent(id, 'while Redis was away'));
    await leases.renew(entry, 60_000);
    expect([lost, await redis.connection.client.get(lockKey(entry))]).toEqual([[], 'a:1']);
    await lock('b:1');
    await leases.renew(entry, 60_000);
    expect([lost, await redis.connection.client.get(lockKey(entry))]).toEqual([[id], 'b:1']);

    await lock('a:2');
    await leases.release(lease, 'now');
    await leases.claim(id, entry, 'a:2');
    await expire();
    expect(await changes().request(id, anybody, 'request_cancel', 'cancelled')).toMatchObject({
      changed: true,
    });
    await store.addEvent(makeEvent(id, 'too late'));
    expect([lost, await messages()]).toEqual([
      [id, id],
      ['while Redis was away', 'the job is cancelled'],
    ]);
  });

  it('takes the job’s folder away from threads of earlier leases', async () => {
    const model = {} as ModelSpec;
    const checkpoint = { model, weights: new Map(), progress: {}, state: new Map() };
    await lock('a:1');
    const late = (await startWorker().leases.claim(id, entry, 'a:1'))!.lease;
    await writeCheckpoint(late.folder, 10, checkpoint);
    await lock('b:1');
    const next = (await startWorker().leases.claim(id, entry, 'b:1'))!.lease;
    const checkpoints = join(folder, 'jobs', id, 'checkpoints');
    await writeCheckpoint(late.folder, 20, checkpoint).catch(() => {});
    expect(readdirSync(checkpoints)).toEqual(['10']);
    await writeCheckpoint(next.folder, 15, checkpoint);
    expect(readdirSync(checkpoints)).toEqual(['10', '15']);
    expect(next.fence).toBeGreaterThan(late.fence);
  });

  it('has a higher number each time, also when Redis has forgotten the last one', async () => {
    await lock('a:1');
    const first = (await startWorker().leases.claim(id, entry, 'a:1'))!.lease;
    await redis.connection.client.hdel(keys.job(id), 'fence', 'owner', 'lock');
    const second = (await startWorker().leases.claim(id, entry, 'a:1'))!.lease;
    expect(second.fence).toBe(first.fence + 1);
    expect([existsSync(first.folder), existsSync(second.folder)]).toEqual([false, true]);
  });

  it('is taken again by the worker that had it, whose first run of the job ends', async () => {
    await lock('a:1');
    const { leases, lost, store } = startWorker();
    const first = (await leases.claim(id, entry, 'a:1'))!.lease;
    await lock('a:2');
    const second = (await leases.claim(id, entry, 'a:2'))!.lease;
    expect([lost, await first.settled.promise, leases.get(id)]).toEqual([[id], 'lost', second]);
    await leases.release(first, 'now');
    await store.addEvent(makeEvent(id, 'of the second'));
    expect([lost, await messages(), leases.get(id)]).toEqual([[id], ['of the second'], second]);
  });

  it('makes a write once whose answer was lost with the connection', async () => {
    await lock('a:1');
    const { leases, store } = startWorker();
    await leases.claim(id, entry, 'a:1');
    const { client } = redis.connection;
    const evaluate = client.eval.bind(client) as (...parameters: unknown[]) => Promise<unknown>;
    let failures = 1;
    client.eval = async (...parameters: unknown[]) => {
      const result = await evaluate(...parameters);
      if (failures-- > 0) throw new Error('the connection was closed');
      return result;
    };
    await store.addEvent(makeEvent(id, 'once'));
    client.eval = evaluate;
    await store.addEvent(makeEvent(id, 'then'));
    expect(await messages()).toEqual(['once', 'then']);
  });

  it('leaves changes to its owner, who is asked; without one a server makes them', async () => {
    await lock('a:1');
    const { leases, store } = startWorker();
    const { lease, job } = (await leases.claim(id, entry, 'a:1'))!;
    const asked = await changes().request(id, anybody, 'request_pause', 'paused');
    expect(asked).toMatchObject({ changed: false, job: { status: 'running' } });
    await changes().request(id, anybody, 'request_cancel', 'cancelled');
    // a pause does not replace a cancel
    await changes().request(id, anybody, 'request_pause', 'paused');
    expect(await plain().job(id)).toMatchObject({ status: 'cancelling' });
    expect(await changes().apply(id, 'fail')).toBeNull();
    // the next owner is told what the last one was asked
    await leases.release(lease, 'now');
    const again = await leases.claim(id, entry, 'a:1');
    expect(again).toMatchObject({ request: 'cancel', job: { status: 'running' } });
    await store.saveJob({ ...job, status: 'paused' });
    expect(await leases.release(again!.lease, 'unless asked')).toBe('cancel');
    await store.saveJob({ ...job, status: 'cancelled' });
    expect(await leases.release(again!.lease, 'unless asked')).toBe('');
    await expect(changes().request(id, anybody, 'resume', 'resumed')).rejects.toMatchObject({
      code: 'job_state_conflict',
    });
  });

  it('does not keep a job running whose worker is gone', async () => {
    const paused = await changes().request(id, anybody, 'request_pause', 'paused');
    expect(paused).toMatchObject({ changed: true, job: { status: 'paused' } });
    const resumed = await changes().request(id, anybody, 'resume', 'resumed');
    expect(resumed).toMatchObject({ changed: true, job: { status: 'queued' } });
    const other = { name: 'other', all: false };
    await expect(changes().request(id, other, 'request_pause', 'paused')).rejects.toMatchObject({
      code: 'job_not_found',
    });
  });
});
