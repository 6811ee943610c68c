import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeKeys, generateKey, hashKey } from '../../src/access/keys-file.ts';
import { itWithProgram } from '../support/needs.ts';
import { modelFolder } from './model-folder.ts';
import { startSite, type Site } from './page.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';
import { openBody, openSocket, refusedSocket } from './stream-clients.ts';

// Who may open a WebSocket: the same checks as of any request, before the connection is one.

const folder = modelFolder(['total', 'numbers']);
const work = mkdtempSync(join(tmpdir(), 'unroll-keys-'));
const file = join(work, 'keys.json');
const keys = { infer: generateKey(), train: generateKey(), other: generateKey() };
const created = new Date().toISOString();
const add = (name: keyof typeof keys, scopes: ('infer' | 'train')[], models?: string[]) => ({
  name,
  sha256: hashKey(keys[name]).toString('hex'),
  scopes,
  created,
  ...(models && { models }),
});
let server: ServerProcess;
let site: Site;
const path = '/v1/models/total/stream';
const withKey = (key: string): string[] => ['unroll', `unroll.key.${key}`];
beforeAll(async () => {
  changeKeys(file, () => [
    add('infer', ['infer']),
    add('train', ['train']),
    add('other', ['infer'], ['numbers']),
  ]);
  site = await startSite();
  server = await startServer(folder.path, {
    API_KEYS_FILE: file,
    CORS_ORIGIN: site.origin,
    RATE_LIMIT: 40,
    LOG_LEVEL: 'info',
  });
});
afterAll(async () => {
  await server.stop();
  site.close();
  folder.remove();
  rmSync(work, { recursive: true, force: true });
});

describe('a WebSocket', () => {
  it('is opened with a key among its subprotocols, which is not sent back and not logged', async () => {
    const { socket, send, next, close } = await openSocket(server.url + path, withKey(keys.infer));
    expect(socket.protocol).toBe('unroll');
    send('[1]');
    expect(await next()).toHaveProperty('position', 1);
    await close();
    await until(() => server.output().includes('"key":"infer"'));
    expect(server.output()).toContain('"status":101');
    expect(server.output()).not.toContain(keys.infer);
  });

  it('is refused without a key, with a wrong one, without the scope, and of a hidden model', async () => {
    const url = server.url + path;
    expect(await refusedSocket(url)).toBe(401);
    expect(await refusedSocket(url, withKey(generateKey()))).toBe(401);
    expect(await refusedSocket(url, withKey(keys.train))).toBe(403);
    expect(await refusedSocket(url, withKey(keys.other))).toBe(404);
  });

  it("does not have another key's session", async () => {
    const headers = { 'x-api-key': keys.infer };
    const reply = await server.post(
      '/v1/sessions',
      { model: 'numbers', id: 'own' },
      {
        headers: { ...headers, 'content-type': 'application/json' },
      },
    );
    expect(reply.status).toBe(200);
    const { closing } = await openSocket(`${server.url}/v1/sessions/own/stream`, withKey(keys.other));
    expect(await closing).toMatchObject({ code: 4404 });
  });

  it('is refused to pages of other origins, with a key too, and to hosts that are not served', async () => {
    const url = server.url + path;
    const protocols = withKey(keys.infer);
    for (const origin of ['https://elsewhere.example', 'null'])
      expect(await refusedSocket(url, protocols, { headers: { origin } })).toBe(403);
    expect(await refusedSocket(url, protocols, { headers: { host: 'rebound.example' } })).toBe(403);
    const own = await openSocket(url, protocols, { headers: { origin: server.url } });
    await own.close();
  });

  itWithProgram(
    { program: 'chromium', debianPackage: 'chromium' },
    'is opened by a page of the allowed origin in a browser, and not by another',
    async () => {
      const script = `
        const open = (url, protocols) => new Promise((resolve) => {
          const socket = new WebSocket(url, protocols);
          const messages = [];
          socket.onopen = () => { socket.send(new Float32Array([1])); socket.send('[2]'); };
          socket.onmessage = ({ data }) => {
            messages.push(JSON.parse(data).position);
            if (messages.length === 2) socket.close(1000);
          };
          socket.onclose = ({ code }) => resolve({ code, messages, protocol: socket.protocol });
        });
        const url = '${server.url.replace('http', 'ws')}${path}';
        return [await open(url, ${JSON.stringify(withKey(keys.infer))}), await open(url, ['unroll'])];`;
      expect(await site.run(script)).toEqual([
        { code: 1000, messages: [1, 2], protocol: 'unroll' },
        { code: 1006, messages: [], protocol: '' },
      ]);
      const stranger = await startSite();
      try {
        expect(await stranger.run(script)).toMatchObject([{ code: 1006 }, { code: 1006 }]);
      } finally {
        stranger.close();
      }
    },
  );

  it('counts as a request of its key, whatever is sent over it', async () => {
    const limited = await startServer(folder.path, { RATE_LIMIT: 2 });
    const first = await openSocket(limited.url + path);
    for (let i = 0; i < 10; i++) first.send('[1]');
    for (let i = 0; i < 10; i++) expect((await first.next()).position).toBe(i + 1);
    await (await openSocket(limited.url + path)).close();
    expect(await refusedSocket(limited.url + path)).toBe(429);
    await first.close();
    await limited.stop();
  });
});

describe('a stream whose key is revoked', () => {
  it('ends with the reason, within seconds, and its session stays', async () => {
    const revoked = generateKey();
    const entry = { ...add('infer', ['infer']), name: 'revoked', sha256: hashKey(revoked).toString('hex') };
    changeKeys(file, (before) => [...before, entry]);
    const headers = { 'x-api-key': revoked, 'content-type': 'application/x-ndjson' };
    await until(async () => (await server.get('/v1/models', { headers })).status === 200, 20_000);
    const { socket, ...client } = await openSocket(server.url + path, withKey(revoked));
    const body = openBody(server.url + path, headers);
    for (const one of [client, body]) {
      one.send('[1]\n');
      expect(await one.next()).toHaveProperty('position', 1);
    }
    changeKeys(file, (before) => before.filter(({ name }) => name !== 'revoked'));
    const last = { error: { code: 'unauthorized', status: 401 } };
    expect(await client.next()).toMatchObject(last);
    expect((await client.closing).code).toBe(4401);
    expect(await body.next()).toMatchObject(last);
    expect(await body.next()).toBeNull();
    body.leave();
    socket.terminate();
  });
});
