import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itWithProgram } from '../support/needs.ts';
import { readEvents } from './events.ts';
import { modelFolder, models } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';
import { runProgram } from '../support/run-program.ts';

const folder = modelFolder(['classifier', 'tagger', 'writer']);
afterAll(() => folder.remove());

describe('a running server', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(folder.path, { LOG_LEVEL: 'info' });
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  it('logs its address and the number of its models at the start, and nothing but JSON', () => {
    const lines = server.output().trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as { msg: string; url?: string; models?: number });
    expect(parsed.find(({ msg }) => msg === 'listening')).toMatchObject({ url: server.url, models: 3 });
  });

  it('logs its kernel path and why, and each request by its id', async () => {
    expect(server.output()).toMatch(/"kernel":\{"path":"(plain|revectorised)","reason":"[^"]+"\}/);
    const reply = await server.get('/v1/models', { headers: { 'x-request-id': 'my-own-id' } });
    expect(reply.headers.get('x-request-id')).toBe('my-own-id');
    await until(() => server.output().includes('"reqId":"my-own-id"'));
  });

  itWithProgram(
    { program: 'promtool', debianPackage: 'prometheus' },
    'has metrics that promtool accepts',
    async () => {
      const text = await (await server.get('/metrics')).text();
      expect(await runProgram('promtool', ['check', 'metrics'], { input: text })).toEqual({
        code: 0,
        output: '',
      });
    },
  );

  it('counts requests, steps and models under the documented names', async () => {
    await server.ask('/v1/models/classifier/classify', { input: ['a', 'bc'] });
    await readEvents(await server.post('/v1/models/writer/generate', { max_tokens: 4, stream: true }));
    const text = await (await server.get('/metrics')).text();
    for (const name of [
      'unroll_requests_total',
      'unroll_request_duration_seconds_bucket',
      'unroll_queue_duration_seconds_count',
      'unroll_time_to_first_token_seconds_count',
      'unroll_inter_token_duration_seconds_count',
      'unroll_step_batch_rows_bucket',
      'unroll_padding_rows_total',
      'unroll_steps_total',
      'unroll_models_loaded',
      'unroll_worker_restarts_total',
      'nodejs_eventloop_lag_seconds',
      'unroll_build_info',
      'process_cpu_seconds_total',
      'unroll_kernel_info',
    ])
      expect(text).toMatch(new RegExp(`^${name}[ {]`, 'm'));
    expect(await server.metric('unroll_padding_rows_total')).toBe(0);
    expect(await server.metric('unroll_models_loaded')).toBe(3);
    expect(await server.metric('unroll_steps_total')).toBeGreaterThanOrEqual(3 + 4);
  });

  it('shows its documentation without help from elsewhere', async () => {
    const page = await server.get('/docs/');
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) {
      const url = new URL(asset, `${server.url}/docs/`);
      expect(url.origin).toBe(server.url);
      expect((await server.get(url.pathname)).status).toBe(200);
    }
  });

  it('serves the API document that is in the repository, with examples of its own models', async () => {
    const parse = (text: string): unknown =>
      JSON.parse(text, (key, value: unknown) => (/^examples?$/.test(key) ? undefined : value));
    const served = await (await server.get('/openapi.json')).text();
    const path = join(import.meta.dirname, '../../openapi/openapi.json');
    expect(parse(served)).toEqual(parse(readFileSync(path, 'utf8')));
    expect(served).toContain('"example":"classifier"');
  });

  it('sends safe headers, and no open door to other origins', async () => {
    const { headers } = await server.get('/v1/models', { headers: { origin: 'http://elsewhere.test' } });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('loads a new version by itself, and unloads a model that is removed', async () => {
    type Reply = { version: number; predictions: object[] };
    const ask = () => server.ask<Reply>('/v1/models/classifier/classify', { input: 'abc' });
    const before = await ask();
    folder.write('classifier', 2, models.classifier, 7);
    await until(async () => (await ask()).version === 2, 15_000);
    expect((await ask()).predictions).not.toEqual(before.predictions);
    const pinned = await server.ask<Reply>('/v1/models/classifier@1/classify', { input: 'abc' });
    expect(pinned.predictions).toEqual(before.predictions);
    rmSync(join(folder.path, 'classifier', '2'), { recursive: true });
    await until(async () => (await ask()).version === 1, 15_000);
    expect((await ask()).predictions).toEqual(before.predictions);
  });
});

describe('SIGTERM', () => {
  const long = { max_tokens: 20_000, seed: 1, stream: true, timeout_ms: 60_000 };

  it('lets a stream finish, refuses new work meanwhile, and ends with 0', async () => {
    const server = await startServer(folder.path, { DRAIN_MS: 30_000, MAX_TOKENS: 20_000 });
    let refused: { status: number; body: unknown } | undefined;
    let ready = 0;
    const { events } = await readEvents(await server.post('/v1/models/writer/generate', long), ({ id }) => {
      if (id !== '20') return;
      server.process.kill('SIGTERM');
      void until(async () => {
        const health = await server.get('/v2/health/ready');
        ready = health.status;
        return ready === 503;
      })
        .then(() => server.post('/v1/models/writer/generate', { max_tokens: 1 }))
        .then(async (reply) => (refused = { status: reply.status, body: await reply.json() }));
    });
    expect(events).toHaveLength(20_001);
    expect(events.at(-1)!.event).toBe('done');
    expect(ready).toBe(503);
    expect(refused).toMatchObject({ status: 503, body: { code: 'shutting_down' } });
    await until(() => server.process.exitCode !== null, 10_000);
    expect(server.process.exitCode).toBe(0);
  });

  it('ends requests past the drain time, and still exits with 0', async () => {
    const server = await startServer(folder.path, { DRAIN_MS: 50, MAX_TOKENS: 1_000_000 });
    const reply = await server.post('/v1/models/writer/generate', { ...long, max_tokens: 1_000_000 });
    const reading = readEvents(reply);
    await until(async () => (await server.metric('unroll_sequences_active')) === 1);
    expect(await server.stop()).toBe(0);
    const { events } = await reading;
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { code: 'shutting_down' } });
  });

  it('does not cut off slow readers, and does not wait for idle connections', async () => {
    const server = await startServer(folder.path, { DRAIN_MS: 30_000, MAX_STEPS: 60_000 });
    const idle = connect(server.port, '127.0.0.1');
    const socket = connect(server.port, '127.0.0.1');
    const body = JSON.stringify({ input: Array(3).fill('a'.repeat(60_000)) });
    socket.write(
      `POST /v1/models/tagger/tag HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunks.length === 1) {
        socket.pause();
        server.process.kill('SIGTERM');
      }
    });
    await until(() => server.process.killed);
    // long enough for what would be cut off
    await until(async () => (await server.get('/v2/health/ready')).status === 503);
    await delay(200);
    expect(server.process.exitCode).toBeNull();
    socket.resume();
    await once(socket, 'close');
    const reply = JSON.parse(unchunked(Buffer.concat(chunks).toString())) as {
      predictions: { tokens: unknown[] }[];
    };
    expect(reply.predictions.map(({ tokens }) => tokens.length)).toEqual([60_000, 60_000, 60_000]);
    await until(() => server.process.exitCode !== null, 20_000);
    expect(server.process.exitCode).toBe(0);
    idle.destroy();
  });
});

/** The body of a reply of ASCII in chunks, the last of which is empty. */
function unchunked(text: string): string {
  let at = text.indexOf('\r\n\r\n') + 4;
  let body = '';
  for (;;) {
    const end = text.indexOf('\r\n', at);
    const length = Number.parseInt(text.slice(at, end), 16);
    if (length === 0) return body;
    if (!(length > 0)) throw new Error(`the reply breaks off after ${body.length} characters`);
    body += text.slice(end + 2, end + 2 + length);
    at = end + 2 + length + 2;
  }
}

describe('a server with other settings', () => {
  it('limits the rate by address if set', async () => {
    const server = await startServer(folder.path, { RATE_LIMIT: 3 });
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await server.get('/v1/models')).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    const refused = await server.get('/v1/models');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'rate_limited', status: 429 });
    await server.stop();
  });

  it('disconnects a caller that takes too long to send its request, not one that reads slowly', async () => {
    const server = await startServer(folder.path, { RECEIVE_MS: 1000, MAX_TOKENS: 1_000_000 });
    const endless = { max_tokens: 1_000_000, stream: true, timeout_ms: 60_000 };
    const stream = await server.post('/v1/models/writer/generate', endless);
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      'POST /v1/models/classifier/classify HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"in',
    );
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1.1 408 [^]*"code":"request_timeout"/);
    expect(await server.metric('unroll_streams_open')).toBe(1);
    await stream.body!.cancel();
    await until(async () => (await server.metric('unroll_streams_open')) === 0);
    expect(await server.stop()).toBe(0);
  });

  it('lets pages of one origin in if set', async () => {
    const server = await startServer(folder.path, { CORS_ORIGIN: 'http://page.test' });
    const { headers } = await server.get('/v1/models', { headers: { origin: 'http://page.test' } });
    expect(headers.get('access-control-allow-origin')).toBe('http://page.test');
    await server.stop();
  });

  it('gives the same bits on the plain kernel path and with another number of workers', async () => {
    const body = { input: ['the quick brown fox', 'jumps over', 'a lazy dog'] };
    const answers = [];
    for (const settings of [
      { KERNEL: 'plain', WORKERS: 1 },
      { KERNEL: 'auto', WORKERS: 3 },
    ]) {
      const server = await startServer(folder.path, settings);
      const { predictions } = await server.ask<{ predictions: object[] }>(
        '/v1/models/classifier/classify',
        body,
      );
      const { embeddings } = await server.ask<{ embeddings: number[][] }>('/v1/models/writer/embed', body);
      answers.push({ predictions, embeddings });
      await server.stop();
    }
    expect(answers[0]).toEqual(answers[1]);
  });
});
