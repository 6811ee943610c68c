import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { modelFolder } from './model-folder.ts';
import { startServer as start, until, type ServerProcess } from './server-process.ts';

// Training beside faults of its folder and database, of its process and of its callers: models are served all the same.

const root = mkdtempSync(join(tmpdir(), 'unroll-faults-'));
const served = modelFolder(['classifier']);
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  served.remove();
});

const servers: ServerProcess[] = [];
// one that a failed test has left would write on
afterEach(async () => {
  for (const { process: child } of servers.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
const startServer: typeof start = async (...parameters) => {
  const server = await start(...parameters);
  servers.push(server);
  return server;
};

interface Job {
  readonly id: string;
  readonly status: string;
  readonly published: string | null;
  readonly progress: { step: number } | null;
  readonly error: { code: string; message: string } | null;
}
const records = Array.from({ length: 24 }, (_, i) => ({
  text: i % 2 ? 'abab' : 'baab',
  label: i % 2 ? 'x' : 'y',
}));
const job = (model: string, more: object = {}) => ({
  model,
  task: 'classify',
  network: {
    layers: [
      { type: 'embedding', units: 4 },
      { type: 'recurrent', cell: 'gru', units: 4 },
      { type: 'dense' },
    ],
  },
  data: { records },
  budget: { epochs: 2 },
  ...more,
});
const endless = {
  budget: { epochs: 100_000 },
  hyperparameters: { checkpoint_every: 50, evaluate_every: 1000 },
};

const preload = { nodeArgs: ['--import', new URL('./kill-after-publishing.ts', import.meta.url).href] };

const place = (name: string) => {
  const models = join(root, name, 'models');
  // without a model a server is not ready
  cpSync(served.path, models, { recursive: true });
  return { models, data: join(root, name, 'data') };
};
const show = async (server: ServerProcess, id: string): Promise<Job> =>
  (await (await server.get(`/v1/training/jobs/${id}`)).json()) as Job;
const minute = 60_000;
const over = (server: ServerProcess, id: string) =>
  until(async () => {
    const seen = await show(server, id);
    return ['succeeded', 'failed', 'cancelled'].includes(seen.status) ? seen : null;
  }, minute);
const stepping = (server: ServerProcess, id: string, step = 1) =>
  until(async () => ((await show(server, id)).progress?.step ?? 0) >= step, minute);
const readiness = async (server: ServerProcess) => {
  const reply = await server.get('/v2/health/ready');
  return [reply.status, await reply.json()] as const;
};
/** What is in a model's folder, but for the lock of a process that was killed: the next that publishes takes it. */
const versions = (models: string, model: string): string[] =>
  readdirSync(join(models, model))
    .filter((name) => name !== '.lock')
    .toSorted();

describe('training beside faults', { timeout: 240_000 }, () => {
  it('publishes once, though it is killed between publishing and recording it', async () => {
    const { models, data } = place('published');
    for (const round of [1, 2, 3]) {
      let server = await startServer(models, { DATA: data, WORKERS: 1 }, preload);
      const { id } = await server.ask<Job>('/v1/training/jobs', job(`made-${round}`));
      await once(server.process, 'exit');
      expect(server.process.signalCode).toBe('SIGKILL');
      expect(versions(models, `made-${round}`)).toEqual(['1']);
      server = await startServer(models, { DATA: data, WORKERS: 1 }, preload);
      expect(await over(server, id)).toMatchObject({ status: 'succeeded', published: `made-${round}@1` });
      expect(versions(models, `made-${round}`)).toEqual(['1']);
      expect((await server.post(`/v1/models/made-${round}/classify`, { input: 'abab' })).status).toBe(200);
      await server.stop();
    }
  });

  it('serves the best model of a comparison under its name, once, though killed after publishing it', async () => {
    const { models, data } = place('compared');
    const { model: _, ...spec } = job('x');
    let server = await startServer(models, { DATA: data, WORKERS: 1 }, preload);
    const { id } = await server.ask<Job>('/v1/training/comparisons', {
      model: 'best',
      spec,
      cells: ['gru', 'rnn'],
    });
    await once(server.process, 'exit');
    server = await startServer(models, { DATA: data, WORKERS: 1 }, preload);
    await until(async () => {
      const shown = (await (await server.get(`/v1/training/comparisons/${id}`)).json()) as Job;
      return shown.status === 'succeeded' && shown.published === 'best@1';
    }, minute);
    expect(versions(models, 'best')).toEqual(['1']);
    expect((await server.post('/v1/models/best/classify', { input: 'abab' })).status).toBe(200);
    await server.stop();
  });

  it('is left to one of two servers with one folder; the other serves, reports it, and takes over when it is killed', async () => {
    const { models, data } = place('two');
    const first = await startServer(models, { DATA: data, WORKERS: 1 });
    const { id } = await first.ask<Job>('/v1/training/jobs', job('shared', endless));
    await stepping(first, id);
    const second = await startServer(models, { DATA: data, WORKERS: 1 });
    await until(
      async () => (await readiness(second))[1] && second.output().includes('training is unavailable'),
      minute,
    );
    expect(await readiness(second)).toEqual([
      200,
      {
        ready: true,
        training: { available: false, reason: expect.stringMatching(/another server trains with/) as string },
      },
    ]);
    for (const reply of [
      await second.post('/v1/training/jobs', job('other')),
      await second.post(`/v1/training/jobs/${id}/cancel`, {}),
      await second.get(`/v1/training/jobs/${id}`),
      await second.post('/v1/datasets', '{}', { headers: { 'content-type': 'application/jsonl' } }),
    ]) {
      expect(reply.status).toBe(503);
      expect(await reply.json()).toMatchObject({ code: 'training_unavailable' });
    }
    expect((await readiness(first))[1]).toEqual({ ready: true });
    first.process.kill('SIGKILL');
    await until(async () => (await second.get(`/v1/training/jobs/${id}`)).status === 200, minute);
    await stepping(second, id);
    await second.post(`/v1/training/jobs/${id}/cancel`, {});
    expect((await over(second, id)).status).toBe('cancelled');
    await second.stop();
  });

  it('recovers jobs from their folders when the database is damaged; they end as they would have', async () => {
    const { models, data } = place('damaged');
    let server = await startServer(models, { DATA: data, WORKERS: 1 });
    const done = await server.ask<Job>('/v1/training/jobs', job('done'));
    await over(server, done.id);
    const half = await server.ask<Job>('/v1/training/jobs', job('half', endless));
    await stepping(server, half.id, 60);
    server.process.kill('SIGKILL');
    await once(server.process, 'exit');
    for (const suffix of ['-wal', '-shm']) rmSync(join(data, `unroll.db${suffix}`), { force: true });
    writeFileSync(join(data, 'unroll.db'), Buffer.alloc(20_000, 0xa5));
    server = await startServer(models, { DATA: data, WORKERS: 1 });
    expect((await server.post('/v1/models/done/classify', { input: 'abab' })).status).toBe(200);
    await stepping(server, half.id, 61);
    expect(server.output()).toMatch(/is damaged: it was renamed to/);
    expect(await show(server, done.id)).toMatchObject({ status: 'succeeded', published: 'done@1' });
    expect((await server.post('/v1/training/jobs', job('half'))).status).toBe(409);
    await server.stop();
  });

  it('waits while its database is locked; models are served, and calls fail after their time', async () => {
    const { models, data } = place('locked');
    const server = await startServer(models, { DATA: data, WORKERS: 1 });
    const { id } = await server.ask<Job>('/v1/training/jobs', job('served'));
    await over(server, id);
    const other = new DatabaseSync(join(data, 'unroll.db'));
    other.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE');
    const training = server.post('/v1/training/jobs', job('waits'));
    // more than one answer while it waits: no thread of these stands
    for (let i = 0; i < 20; i++)
      expect((await server.post('/v1/models/served/classify', { input: 'abab' })).status).toBe(200);
    const refused = await training;
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({
      code: 'training_unavailable',
      detail: expect.stringMatching(/locked/) as string,
    });
    other.close();
    const again = await server.ask<Job>('/v1/training/jobs', job('waits'));
    expect((await over(server, again.id)).published).toBe('waits@1');
    await server.stop();
  });

  it('is not needed to start: a folder that cannot be used, and becomes usable', async () => {
    const { models, data } = place('unwritable');
    writeFileSync(data, 'a file where the folder should be');
    const server = await startServer(models, { DATA: join(data, 'below'), WORKERS: 1 });
    await until(async () => server.output().includes('training is unavailable'), minute);
    expect(await readiness(server)).toMatchObject([200, { ready: true, training: { available: false } }]);
    const refused = await server.post('/v1/training/jobs', job('made'));
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({
      code: 'training_unavailable',
      detail: expect.stringContaining(data) as string,
    });
    rmSync(data);
    await until(async () => (await server.get('/v1/training/jobs')).status === 200, minute);
    const { id } = await server.ask<Job>('/v1/training/jobs', job('made'));
    expect((await over(server, id)).status).toBe('succeeded');
    await server.stop();
  });

  it('starts no job in a server that cannot listen', async () => {
    const { models, data } = place('port');
    let server = await startServer(models, { DATA: data, WORKERS: 1 });
    const { id } = await server.ask<Job>('/v1/training/jobs', job('made', endless));
    await stepping(server, id);
    server.process.kill('SIGKILL');
    await once(server.process, 'exit');
    const occupied = createServer().listen(0, '127.0.0.1');
    await once(occupied, 'listening');
    const { port } = occupied.address() as { port: number };
    const before = JSON.stringify(readdirSync(join(data, 'jobs', id, 'checkpoints')));
    await expect(startServer(models, { DATA: data, WORKERS: 1, PORT: port })).rejects.toThrow(/EADDRINUSE/);
    expect(JSON.stringify(readdirSync(join(data, 'jobs', id, 'checkpoints')))).toBe(before);
    occupied.close();
    server = await startServer(models, { DATA: data, WORKERS: 1 });
    await stepping(server, id, 2);
    await server.stop();
  });

  it('is off with UNROLL_TRAINING_JOBS=0: nothing changes, no upload is read', async () => {
    const { models, data } = place('off');
    const server = await startServer(models, { DATA: data, WORKERS: 1, TRAINING_JOBS: 0 });
    const calls: readonly (readonly [string, unknown, string?])[] = [
      ['/v1/training/jobs', job('made')],
      ['/v1/training/jobs/j/cancel', {}],
      ['/v1/training/jobs/j/pause', {}],
      ['/v1/training/jobs/j/resume', {}],
      ['/v1/training/jobs/j/checkpoints/1/publish', {}],
      ['/v1/training/comparisons', {}],
      ['/v1/training/comparisons/c/cancel', {}],
      ['/v1/datasets', '{"a":1}\n', 'application/jsonl'],
    ];
    for (const [path, body, type = 'application/json'] of calls) {
      const reply = await server.post(path, body, { headers: { 'content-type': type } });
      expect([path, reply.status, ((await reply.json()) as { code: string }).code]).toEqual([
        path,
        403,
        'training_disabled',
      ]);
    }
    expect((await server.get('/v1/datasets/d', { method: 'DELETE' })).status).toBe(403);
    expect(await (await server.get('/v1/training/jobs')).json()).toMatchObject({ data: [] });
    expect(() => readdirSync(data)).toThrow(/ENOENT/);
    await server.stop();
  });

  it('refuses a job that needs more memory than its limit before allocating any', async () => {
    const { models, data } = place('memory');
    const server = await startServer(models, { DATA: data, WORKERS: 1, TRAINING_MEMORY_MB: 64 });
    const layers = (units: number, count: number) => [
      { type: 'embedding', units: 8 },
      { type: 'recurrent', cell: 'lstm', units, layers: count },
      { type: 'dense' },
    ];
    const refused = await server.post(
      '/v1/training/jobs',
      job('huge', { network: { layers: layers(8192, 16) } }),
    );
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      code: 'training_too_large',
      detail: expect.stringMatching(/at most 64 MB/) as string,
    });
    // what only the batch makes too large is found when its data is there
    const { id } = await server.ask<Job>(
      '/v1/training/jobs',
      job('wide', {
        network: { layers: layers(512, 1) },
        data: { records: records.map(({ label }) => ({ text: 'ab'.repeat(500), label })) },
      }),
    );
    expect(await over(server, id)).toMatchObject({ status: 'failed', error: { code: 'training_too_large' } });
    const resident = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))!;
    expect(Number(resident[1]) / 1024).toBeLessThan(1024);
    await server.stop();
  });
});
