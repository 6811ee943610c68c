import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { modelFolder, models } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// Starts and stops as a cluster starts and stops it.

const folder = modelFolder(['classifier', 'writer']);
afterAll(() => folder.remove());

const health = async (server: ServerProcess) => {
  const reply = await server.get('/v2/health/ready');
  return { status: reply.status, ...((await reply.json()) as { ready: boolean; reason?: string }) };
};

it('ignores what Kubernetes sets for a Service of its name, with a warning', async () => {
  const injected = {
    UNROLL_SERVICE_HOST: '10.96.0.1',
    UNROLL_SERVICE_PORT: '8080',
    UNROLL_SERVICE_PORT_HTTP: '8080',
    UNROLL_PORT_8080_TCP: 'tcp://10.96.0.1:8080',
    UNROLL_PORT_8080_TCP_PROTO: 'tcp',
    UNROLL_PORT_8080_TCP_PORT: '8080',
    UNROLL_PORT_8080_TCP_ADDR: '10.96.0.1',
  };
  const server = await startServer(folder.path, {}, { environment: injected });
  const warning = server
    .output()
    .split('\n')
    .find((line) => line.includes('Kubernetes'))!;
  expect(JSON.parse(warning)).toMatchObject({ level: 40, ignored: Object.keys(injected) });
  expect((await health(server)).status).toBe(200);
  expect(await server.stop()).toBe(0);
});

it.each([{ UNROLL_PORT: 'abc' }, { UNROLL_PROT: '8080' }, { UNROLL_SERVICE_HOSTS: '10.96.0.1' }])(
  'does not start with %j',
  async (environment) => {
    await expect(startServer(folder.path, {}, { environment })).rejects.toThrow(Object.keys(environment)[0]);
  },
);

it('serves for the shutdown delay, while it is not ready any more; a second signal ends it at once', async () => {
  const server = await startServer(folder.path, { SHUTDOWN_DELAY_MS: 3_600_000 });
  expect(await health(server)).toEqual({ status: 200, ready: true });
  server.process.kill('SIGTERM');
  await until(async () => (await health(server)).status === 503, 20_000);
  expect((await health(server)).reason).toBe('the server is shutting down');
  await server.ask('/v1/models/classifier/classify', { input: 'abc' });
  server.process.kill('SIGTERM');
  // npm sends a signal that the terminal sent, too: one within half a second is the same
  await until(() => {
    server.process.kill('SIGTERM');
    return server.process.exitCode !== null;
  }, 20_000);
  expect(server.process.exitCode).toBe(1);
});

it('ends after the shutdown delay', async () => {
  const server = await startServer(folder.path, { SHUTDOWN_DELAY_MS: 10 });
  expect(await server.stop()).toBe(0);
});

it('says why it is not ready, and becomes ready when there is a model', async () => {
  const path = join(folder.path, 'later');
  const server = await startServer(path);
  expect(await health(server)).toEqual({
    status: 503,
    ready: false,
    reason: 'the models folder cannot be read (ENOENT)',
  });
  mkdirSync(path);
  await until(async () => (await health(server)).reason?.startsWith('there is no model'), 20_000);
  mkdirSync(join(path, 'broken', '1'), { recursive: true });
  await until(async () => (await health(server)).reason?.startsWith('none of 1 model'), 20_000);
  expect((await health(server)).status).toBe(503);
  cpSync(join(folder.path, 'writer'), join(path, 'writer'), { recursive: true });
  await until(async () => (await health(server)).status === 200, 20_000);
  expect(await server.stop()).toBe(0);
  rmSync(path, { recursive: true });
});

it('serves the one model at UNROLL_MODEL, through a link, under the name that the cluster gives', async () => {
  const link = join(folder.path, 'mnt-models');
  symlinkSync(join(folder.path, 'classifier', '1'), link);
  const server = await startServer(folder.path, { MODEL: link, MODEL_NAME: 'my.service-1' });
  const reply = await server.ask('/v1/models/my.service-1/classify', { input: 'abc' });
  expect(reply).toMatchObject({ model: 'my.service-1', version: 1 });
  expect((await server.get('/v2/models/my.service-1/ready')).status).toBe(200);
  expect((await server.get('/v1/models/writer')).status).toBe(404);
  const training = await server.post('/v1/training/jobs', {});
  expect(training.status).toBeGreaterThanOrEqual(400);
  expect(await server.stop()).toBe(0);
});

it('finds versions that are times or zero-padded, and models with a dot, by all their names', async () => {
  const root = modelFolder([]);
  root.write('lang.v2', 1, models.classifier);
  for (const version of ['0007', '1706702400', '20240131120000'])
    cpSync(join(root.path, 'lang.v2', '1'), join(root.path, 'lang.v2', version), { recursive: true });
  const server = await startServer(root.path);
  const ask = (name: string) => server.ask(`/v1/models/${name}/classify`, { input: 'abc' });
  expect(await ask('lang.v2')).toMatchObject({ model: 'lang.v2', version: 20_240_131_120_000 });
  expect(await ask('lang.v2@0007')).toMatchObject({ version: 7 });
  expect((await server.get('/v2/models/lang.v2/versions/1706702400/ready')).status).toBe(200);
  expect(await server.stop()).toBe(0);
  root.remove();
});
