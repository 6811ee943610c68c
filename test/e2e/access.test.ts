import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../support/run-program.ts';
import { itWithProgram } from '../support/needs.ts';
import { modelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';
import { collectOutput } from './start-process.ts';

// Keys, hosts and the log, with the command and the server as a user runs them.

const folder = modelFolder(['classifier', 'writer']);
const work = mkdtempSync(join(tmpdir(), 'unroll-access-'));
afterAll(() => {
  folder.remove();
  rmSync(work, { recursive: true, force: true });
});
const program = join(import.meta.dirname, '../../bin/unroll.js');
const file = join(work, 'keys.json');

/** Runs `unroll keys`. @returns the last line that it prints, which is the key of a new one */
async function keys(...words: string[]): Promise<string> {
  const { code, output } = await runProgram(process.execPath, [program, 'keys', ...words, '--file', file]);
  expect(output, output).toBeTruthy();
  expect(code).toBe(0);
  return output.trimEnd().split('\n').at(-1)!;
}

interface LogLine {
  readonly msg: string;
  readonly url?: string;
  readonly [field: string]: unknown;
}
const logLines = (server: ServerProcess): LogLine[] =>
  server
    .output()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);

describe('a server with keys', () => {
  let server: ServerProcess;
  let alice: string;
  let root: string;
  beforeAll(async () => {
    alice = await keys('create', 'alice', '--model', 'class*');
    root = await keys('create', 'root', '--scope', 'admin');
    server = await startServer(folder.path, { API_KEYS_FILE: file, LOG_LEVEL: 'info' });
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });
  const get = async (path: string, key?: string): Promise<number> =>
    (await server.get(path, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } })).status;

  it('answers those with a key for what they ask, and health to everybody', async () => {
    expect(await get('/v2/health/ready')).toBe(200);
    expect([await get('/v1/models'), await get('/v1/models', 'unroll_wrong')]).toEqual([401, 401]);
    expect([await get('/v1/models', alice), await get('/v1/datasets', alice)]).toEqual([200, 403]);
    expect([await get('/v1/models/writer', alice), await get('/v1/models/writer', root)]).toEqual([404, 200]);
    expect([await get('/metrics', alice), await get('/metrics', root)]).toEqual([403, 200]);
  });

  it('keeps sessions and states to the key that made them', async () => {
    const carol = await keys('create', 'carol');
    await until(async () => (await get('/v1/models', carol)) === 200, 20_000);
    const as = async (key: string, method: string, path: string, body?: object) => {
      const reply = await server.get(path, {
        method,
        headers: { 'x-api-key': key, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
    };
    const made = await as(alice, 'POST', '/v1/sessions', { model: 'classifier' });
    const path = `/v1/sessions/${String(made.body['id'])}`;
    expect(made.body['owner']).toBe('alice');
    expect(await as(alice, 'POST', '/v1/sessions', { model: 'writer' })).toMatchObject({ status: 404 });
    for (const [method, suffix, body] of [
      ['GET', '', undefined],
      ['POST', '/steps', { input: 'a' }],
      ['POST', '/fork', {}],
      ['POST', '/rewind', { steps: 0 }],
      ['GET', '/snapshot', undefined],
      ['DELETE', '', undefined],
    ] as const)
      expect(await as(carol, method, path + suffix, body)).toMatchObject({
        status: 404,
        body: { code: 'session_not_found' },
      });
    const listed = async (key: string) =>
      ((await as(key, 'GET', '/v1/sessions')).body['data'] as unknown[]).length;
    expect([await listed(alice), await listed(carol), await listed(root)]).toEqual([1, 0, 1]);
    const classify = '/v1/models/classifier/classify';
    const { body: first } = await as(alice, 'POST', classify, { input: 'a', return_state: true });
    const next = { input: 'b', state: first['state'] };
    expect(await as(carol, 'POST', classify, next)).toMatchObject({
      status: 422,
      body: { detail: 'state: it belongs to another API key' },
    });
    expect((await as(alice, 'POST', classify, next)).status).toBe(200);
    // an admin says whose session it means
    expect((await as(root, 'DELETE', path)).status).toBe(404);
    expect((await as(carol, 'DELETE', `${path}?owner=alice`)).status).toBe(404);
    expect((await as(root, 'DELETE', `${path}?owner=alice`)).status).toBe(200);

    // ids are each key's own: that another has one of the same name is not shown
    for (const key of [alice, carol, root]) {
      const begun = await as(key, 'POST', '/v1/sessions', { model: 'classifier', id: 'same' });
      expect(begun).toMatchObject({ status: 200, body: { id: 'same' } });
    }
    const same = '/v1/sessions/same';
    expect(await as(alice, 'POST', '/v1/sessions', { model: 'classifier', id: 'same' })).toMatchObject({
      status: 409,
      body: { detail: 'id: there is a session same' },
    });
    expect((await as(alice, 'POST', `${same}/steps`, { input: 'ab' })).body['session']).toEqual({
      id: 'same',
      position: 2,
    });
    const positions = async () => [
      (await as(alice, 'GET', same)).body['position'],
      (await as(carol, 'GET', same)).body['position'],
      (await as(root, 'GET', same)).body['position'],
      (await as(root, 'GET', `${same}?owner=alice`)).body['position'],
    ];
    expect(await positions()).toEqual([2, 0, 0, 2]);
    const page = async (query: string) =>
      ((await as(root, 'GET', `/v1/sessions?limit=1${query}`)).body['data'] as Record<string, unknown>[]).map(
        ({ owner, id }) => `${String(owner)}/${String(id)}`,
      );
    expect(await page('')).toEqual(['root/same']);
    expect(await page('&after=same')).toEqual(['carol/same']);
    expect(await page('&after=carol/same')).toEqual(['alice/same']);
    expect(await page('&owner=alice')).toEqual(['alice/same']);
    expect((await as(carol, 'GET', '/v1/sessions?owner=alice')).body['data']).toEqual([]);
    expect((await as(carol, 'DELETE', same)).status).toBe(200);
    expect((await as(alice, 'POST', `${same}/steps`, { input: 'c' })).body['session']).toEqual({
      id: 'same',
      position: 3,
    });
    for (const owner of ['alice', 'root'])
      expect((await as(root, 'DELETE', `${same}?owner=${owner}`)).status).toBe(200);
  });

  it('takes new keys, and refuses revoked ones, without a restart', async () => {
    const bob = await keys('create', 'bob', '--scope', 'train');
    await until(async () => (await get('/v1/datasets', bob)) === 200, 20_000);
    expect(await keys('list')).toMatch(/^bob {2}train {2}all models/);
    await keys('revoke', 'bob');
    await until(async () => (await get('/v1/datasets', bob)) === 401, 20_000);
    expect(await get('/v1/models', alice)).toBe(200);
  });

  it('logs a line of JSON for each request, with the bytes of its connection and no key', async () => {
    const body = JSON.stringify({ input: 'a'.repeat(500) });
    const reply = await server.post('/v1/models/classifier/classify', body, {
      headers: { 'content-type': 'application/json', 'x-api-key': alice, 'x-request-id': 'bytes-1' },
    });
    const text = await reply.text();
    const line = await until(() => logLines(server).find(({ reqId }) => reqId === 'bytes-1'));
    expect(line).toMatchObject({
      msg: 'request',
      status: 200,
      key: 'alice',
      model: 'classifier',
      steps: 500,
    });
    expect(line['bytes_in']).toBeGreaterThan(body.length);
    expect(line['bytes_in']).toBeLessThan(body.length + 2000);
    expect(line['bytes_out']).toBeGreaterThan(text.length);
    expect(line['bytes_out']).toBeLessThan(text.length + 3000);
    expect(logLines(server).some(({ url }) => url?.startsWith('/v2/health'))).toBe(false);
    for (const key of [alice, root, 'unroll_']) expect(server.output()).not.toContain(key);
  });

  it('logs a caller who leaves before the reply', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      `POST /v1/models/classifier/classify HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${alice}\r\nx-request-id: left-1\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"inp`,
      () => socket.destroy(),
    );
    const line = await until(() => logLines(server).find(({ reqId }) => reqId === 'left-1'));
    expect(line).toMatchObject({ status: 499, code: 'cancelled', key: 'alice' });
  });
});

describe('a server without keys', () => {
  it('on another than a loopback address warns at the start, and trains for nobody unless it is set open', async () => {
    const server = await startServer(folder.path, { HOST: '0.0.0.0' });
    const url = server.url.replace('0.0.0.0', '127.0.0.1');
    const warning = logLines(server).find(({ msg }) => msg.includes('no API keys'));
    expect(warning?.msg).toContain('UNROLL_OPEN=true');
    expect((await fetch(`${url}/v1/models`)).status).toBe(200);
    expect((await fetch(`${url}/v1/training/jobs`)).status).toBe(403);
    expect((await fetch(`${url}/v2/repository/models/writer/unload`, { method: 'POST' })).status).toBe(403);
    expect(await server.stop()).toBe(0);
    const open = await startServer(folder.path, { HOST: '0.0.0.0', OPEN: 'true' });
    expect(logLines(open).some(({ msg }) => msg.includes('no API keys'))).toBe(false);
    expect((await fetch(`${open.url.replace('0.0.0.0', '127.0.0.1')}/v1/training/jobs`)).status).toBe(200);
    expect(await open.stop()).toBe(0);
  });

  itWithProgram(
    { program: 'curl', debianPackage: 'curl' },
    'on a loopback address answers curl as before, and no rebound name',
    async () => {
      const server = await startServer(folder.path);
      const curl = async (...words: string[]): Promise<string> =>
        (await runProgram('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', ...words])).output;
      expect(await curl('-d', '{}', `${server.url}/v2/repository/index`)).toBe('200');
      expect(await curl('-F', 'file=@-;filename=a.csv;type=text/csv', `${server.url}/v1/datasets?task=classify`)).not.toBe('403'); // prettier-ignore
      expect(await curl('-H', 'host: evil.test', `${server.url}/v1/models`)).toBe('403');
      expect(await curl(`http://localhost:${server.port}/v1/models`, '--ipv4')).toBe('200');
      expect(await server.stop()).toBe(0);
    },
  );

  it('ends at the start with the file and the reason when keys cannot be read', async () => {
    await expect(startServer(folder.path, { API_KEYS_FILE: join(work, 'none.json') })).rejects.toThrow(
      /ended with 1: the keys of .*none\.json cannot be read: ENOENT/,
    );
  });
});

describe('a terminal', () => {
  itWithProgram(
    { program: 'script', debianPackage: 'bsdutils' },
    'gets the address, the models and readable lines, where others get JSON',
    async () => {
      const env = { PATH: process.env['PATH'], UNROLL_PORT: '0', UNROLL_WORKERS: '1', UNROLL_MODELS: folder.path, UNROLL_DATA: join(work, 'data') }; // prettier-ignore
      const child = spawn('script', ['-qec', `exec ${process.execPath} ${program} serve`, '/dev/null'], {
        env,
      });
      const read = collectOutput(child);
      const call = await until(() => /curl -s \S+\/writer\/generate [^\r\n]+/.exec(read()), 60_000);
      // an example that a shell can run
      expect((await runProgram('sh', ['-c', call[0]])).output).toContain('"generations"');
      child.kill('SIGTERM');
      await once(child, 'exit');
      const output = read();
      expect(output).toContain('Unroll is at http://127.0.0.1:');
      expect(output).toContain('classifier@1  classify');
      expect(output).toMatch(/\d\d:\d\d:\d\d\.\d{3} .*info .* kernel ready/);
      expect(output).not.toContain('{"level"');
    },
  );
});
