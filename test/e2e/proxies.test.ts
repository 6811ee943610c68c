import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import compression from 'compression';
import express from 'express';
import { createParser } from 'eventsource-parser';
import { fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWhere, itWithProgram } from '../support/needs.ts';
import { modelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';
import { openBody, openSocket } from './stream-clients.ts';

// Streams through proxies that others wrote. Each event is caused by the test once it has read the one before,
// so a proxy that holds any of them back makes the test wait for ever.

const folder = modelFolder(['writer', 'tagger']);
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, {
    WORKERS: 1,
    SLOTS: 1,
    PING_MS: 20,
    MAX_REPLY_BYTES: 100_000_000,
    MAX_EXPECTED_MS: 3_600_000,
    TIMEOUT_MS: 3_600_000,
    MAX_TIMEOUT_MS: 3_600_000,
    MAX_TOKENS: 1_000_000,
    MAX_STEPS: 1_000_000,
  });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

/** The events and comments of a stream, one by one, as they arrive. */
async function openStream(url: string, init: Parameters<typeof fetch>[1] = {}) {
  const left = new AbortController();
  const reply = await fetch(url, { ...init, signal: left.signal });
  const read: string[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => read.push(`${event}: ${data}`),
    onComment: (comment) => read.push(comment),
  });
  const decoder = new TextDecoder();
  const body = reply.body![Symbol.asyncIterator]();
  return {
    headers: reply.headers,
    /** The next one that is as it says; what comes before it is dropped. */
    async next(pattern: RegExp): Promise<string> {
      for (;;) {
        for (let one = read.shift(); one !== undefined; one = read.shift()) if (pattern.test(one)) return one;
        const { done, value } = await body.next();
        if (done) throw new Error(`the stream ended without ${pattern}`);
        parser.feed(decoder.decode(value as Uint8Array, { stream: true }));
      }
    },
    leave: () => left.abort(),
  };
}
const post = (body: object): Parameters<typeof fetch>[1] => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const generate = (max_tokens: number): Parameters<typeof fetch>[1] => post({ max_tokens, stream: true });
const path = '/v1/models/writer/generate';
const idle = async (): Promise<boolean> =>
  (await server.metric('unroll_sequences_active')) + (await server.metric('unroll_sequences_waiting')) === 0;

/** Creates a job that never begins, because another one runs. */
async function createWaitingJob(): Promise<string> {
  const create = async (model: string): Promise<string> => {
    const { id } = await server.ask<{ id: string }>('/v1/training/jobs', {
      model,
      task: 'generate',
      network: {
        layers: [
          { type: 'embedding', units: 4 },
          { type: 'recurrent', cell: 'gru', units: 4 },
          { type: 'dense' },
        ],
      },
      data: { records: Array.from({ length: 20 }, () => ({ text: 'abcabc' })) },
      validation: { share: 0 },
      budget: { steps: 10_000_000 },
    });
    return id;
  };
  const status = async (id: string): Promise<string> =>
    ((await (await server.get(`/v1/training/jobs/${id}`)).json()) as { status: string }).status;
  const running = await create('first');
  await until(async () => (await status(running)) === 'running', 30_000);
  const waiting = await create('second');
  await until(async () => (await status(waiting)) === 'queued', 30_000);
  return waiting;
}

/** @param getUrl of the proxy */
function passesOneByOne(getUrl: () => string, accepted: string): void {
  const headers = { 'accept-encoding': accepted };

  it('passes the headers and each comment of a stream without an event yet', async () => {
    // a bidirectional network reads the whole text before its first event
    const input = 'abcd'.repeat(100_000);
    const stream = await openStream(`${getUrl()}/v1/models/tagger/tag`, post({ input, stream: true }));
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    expect(await stream.next(/./)).toBe('accepted');
    for (let i = 0; i < 3; i++) expect(await stream.next(/./)).toBe('ping');
    stream.leave();
    await until(idle, 30_000);
  });

  it('passes each event of a job before the next one is caused', async () => {
    const job = await createWaitingJob();
    const stream = await openStream(`${getUrl()}/v1/training/jobs/${job}/events?stream=true`, { headers });
    await stream.next(/^accepted$/);
    for (let i = 0; i < 3; i++) {
      await server.ask(`/v1/training/jobs/${job}/pause`, {});
      await stream.next(/paused/);
      await stream.next(/^ping$/);
      await server.ask(`/v1/training/jobs/${job}/resume`, {});
      await stream.next(/queued/);
    }
    const list = (await (await server.get('/v1/training/jobs')).json()) as {
      data: { id: string; status: string }[];
    };
    for (const { id, status } of list.data)
      if (['queued', 'running'].includes(status)) await server.ask(`/v1/training/jobs/${id}/cancel`, {});
    await stream.next(/cancelled/);
    // what an EventSource gets that comes back
    const back = await fetch(`${getUrl()}/v1/training/jobs/${job}/events`, {
      headers: { accept: 'text/event-stream', 'last-event-id': '1000000' },
    });
    expect(back.status).toBe(204);
  });

  it('passes events long before the last one, and ends the work when its client leaves', async () => {
    const stream = await openStream(getUrl() + path, generate(1_000_000));
    for (let i = 0; i < 50; i++) await stream.next(/^token/);
    expect(await server.metric('unroll_streams_open')).toBe(1);
    stream.leave();
    await until(idle, 30_000);
  });

  itWithProgram({ program: 'curl', debianPackage: 'curl' }, 'passes events to curl', async () => {
    const child = execFile('curl', [
      '-sN',
      '--compressed',
      getUrl() + path,
      '-H',
      'content-type: application/json',
      '-d',
      '{"max_tokens":1000000,"stream":true}',
    ]);
    let text = '';
    child.stdout!.on('data', (chunk: string) => (text += chunk));
    await until(() => text.split('event: token').length > 20, 30_000);
    expect(text).toMatch(/^: accepted\n\n/);
    child.kill();
    await until(idle, 30_000);
  });
}

const hasNginx = spawnSync('nginx', ['-v']).error === undefined;

describeWhere(hasNginx, 'nginx is not installed (Debian: nginx-light)', 'nginx', () => {
  const root = mkdtempSync(join(tmpdir(), 'unroll-nginx-'));
  const ports: number[] = [];
  let nginx: ChildProcess;
  beforeAll(async () => {
    for (let i = 0; i < 3; i++) ports.push(await freePort());
    mkdirSync(join(root, 'logs'));
    const upstream = `location / { proxy_pass ${server.url}; }`;
    writeFileSync(
      join(root, 'nginx.conf'),
      `${process.getuid?.() === 0 ? 'user root; ' : ''}daemon off; pid ${root}/pid; error_log stderr; worker_processes 1;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${root}/${name};`).join(' ')}
        server { listen 127.0.0.1:${ports[0]}; ${upstream} }
        server { listen 127.0.0.1:${ports[1]}; gzip on; gzip_types *; gzip_proxied any; gzip_min_length 0; gzip_http_version 1.0; ${upstream} }
        server { listen 127.0.0.1:${ports[2]}; ${documentedLocation()} }
      }`,
    );
    nginx = spawn('nginx', ['-p', root, '-c', join(root, 'nginx.conf')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await until(() => isListening(ports[2]!), 30_000);
  });
  afterAll(async () => {
    nginx.kill();
    await once(nginx, 'exit');
    rmSync(root, { recursive: true, force: true });
  });

  describe('with its defaults', () => {
    passesOneByOne(() => `http://127.0.0.1:${ports[0]}`, 'identity');
  });
  describe('as docs/sessions-streams.md sets it up', () => {
    const getUrl = (): string => `http://127.0.0.1:${ports[2]}/v1/models/writer/stream`;

    it('passes each line of a body, and its answer, before the next is sent', async () => {
      const stream = openBody(getUrl());
      for (let i = 1; i <= 5; i++) {
        stream.send('"a"\n');
        expect(await stream.next()).toEqual({ position: i });
      }
      stream.end();
      expect(await stream.next()).toBeNull();
    });

    it('passes each message of a WebSocket, and its end', async () => {
      const { send, next, closing } = await openSocket(getUrl());
      for (let i = 1; i <= 5; i++) {
        send('"a"');
        expect(await next()).toEqual({ position: i });
      }
      send('7');
      expect(await closing).toMatchObject({ code: 4400 });
    });
  });
  describe('with gzip', () => {
    const getUrl = (): string => `http://127.0.0.1:${ports[1]}`;
    passesOneByOne(getUrl, 'gzip');

    it('compresses them in truth', async () => {
      const stream = await openStream(getUrl() + path, generate(1));
      expect(stream.headers.get('content-encoding')).toBe('gzip');
      await stream.next(/^done/);
    });
  });
});

describe('an express server with compression', () => {
  let proxy: Server;
  let url = '';
  beforeAll(async () => {
    const app = express();
    app.use(compression({ threshold: 0 }));
    app.use((request, response) => {
      const { method, headers, url: target } = request;
      const upstream = httpRequest(server.url + target, { method, headers }, (reply) => {
        response.writeHead(reply.statusCode!, reply.headers);
        reply.pipe(response);
      });
      upstream.on('error', () => response.destroy());
      response.on('close', () => upstream.destroy());
      request.pipe(upstream);
    });
    proxy = createServer(app).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(() => proxy.closeAllConnections());

  passesOneByOne(() => url, 'gzip');

  it('compresses other replies in truth', async () => {
    const reply = await fetch(`${url}/openapi.json`, { headers: { 'accept-encoding': 'gzip' } });
    expect(reply.headers.get('content-encoding')).toBe('gzip');
    await reply.json();
  });
});

/** What the documentation tells users of nginx, for this server. */
function documentedLocation(): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/sessions-streams.md'), 'utf8');
  const location = /```nginx\n([^]*?)```/.exec(page)![1]!;
  return location.replace('http://127.0.0.1:8080', server.url);
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
