import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itWithProgram } from '../support/needs.ts';
import { readEvents } from './events.ts';
import { modelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

const folder = modelFolder();
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, {
    WORKERS: 1,
    SLOTS: 4,
    QUEUE: 4,
    PING_MS: 100,
    MAX_TOKENS: 1_000_000,
    MAX_STEPS: 200_000,
  });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const stable = (reply: Record<string, unknown>): object => ({ ...reply, usage: null, finish_reason: null });
const idle = async (): Promise<boolean> =>
  (await server.metric('unroll_sequences_active')) + (await server.metric('unroll_sequences_waiting')) === 0;

describe('a stream', () => {
  it.each([
    ['classifier/classify', { input: 'Call me' }, 'step', 7],
    ['tagger/tag', { input: 'a😀ก' }, 'token', 3],
    ['numbers/predict', { input: [[1, 2], [3, 4]] }, 'step', 2], // prettier-ignore
    ['writer/generate', { prompt: 'x', max_tokens: 25, seed: 3, logprobs: 2 }, 'token', 25],
  ] as const)(
    'of %s has an event for each step and ends with the plain reply',
    async (path, body, name, count) => {
      const plain = (await server.ask(`/v1/models/${path}`, body)) as Record<string, unknown>;
      const reply = await server.post(`/v1/models/${path}`, { ...body, stream: true });
      expect(reply.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      const { events } = await readEvents(reply);
      expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, i) => i));
      expect(events.slice(0, -1).map(({ event }) => event)).toEqual(Array<string>(count).fill(name));
      expect(events.at(-1)!.event).toBe('done');
      expect(stable(events.at(-1)!.data)).toEqual(stable(plain));
    },
  );

  it('of classify shows the label form: its last step is the answer', async () => {
    const { events } = await readEvents(
      await server.post('/v1/models/classifier/classify', { input: 'abcd', stream: true }),
    );
    const predictions = (events.at(-1)!.data as { predictions: object[] }).predictions;
    expect(events.at(-2)!.data).toMatchObject({ step: 3, ...predictions[0] });
  });

  it('of tokens spells the text, whole characters in every event', async () => {
    const { events } = await readEvents(
      await server.post('/v1/models/writer/generate', {
        max_tokens: 300,
        seed: 8,
        temperature: 3,
        stream: true,
      }),
    );
    const texts = events.filter(({ event }) => event === 'token').map(({ data }) => data['text'] as string);
    const [generation] = (events.at(-1)!.data as { generations: { text: string }[] }).generations;
    expect(texts.join('')).toBe(generation!.text);
    for (const text of texts) expect(text.isWellFormed()).toBe(true);
    expect(generation!.text).toMatch(/😀/u);
  });

  itWithProgram({ program: 'curl', debianPackage: 'curl' }, 'comes through curl -N', async () => {
    const { stdout } = await promisify(execFile)('curl', [
      '-sN',
      `${server.url}/v1/models/writer/generate`,
      '-Hcontent-type: application/json',
      '-d{"prompt":"The ","max_tokens":5,"seed":1,"stream":true}',
    ]);
    expect(stdout.match(/^event: token$/gm)).toHaveLength(5);
    expect(stdout).toMatch(/^id: 5\nevent: done\ndata: \{.*\}\n\n$/m);
  });

  it('takes a single input', async () => {
    const reply = await server.post('/v1/models/classifier/classify', { input: ['a', 'b'], stream: true });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ code: 'invalid_request', field: 'input' });
  });
});

/** Sends a request over a bare socket. */
function rawRequest(path: string, body: object) {
  const socket = connect(server.port, '127.0.0.1');
  const json = JSON.stringify(body);
  socket.on('error', () => {});
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
  );
  return socket;
}

describe('a caller that disconnects', () => {
  it.each([
    ['in the middle of a stream', true],
    ['while it waits for the whole answer', false],
  ])('%s frees its slot at once', async (_, stream) => {
    await until(idle);
    const socket = rawRequest('/v1/models/writer/generate', {
      max_tokens: 1_000_000,
      stream,
      timeout_ms: 60_000,
    });
    if (stream) await until(() => socket.bytesRead > 2000);
    await until(async () => (await server.metric('unroll_sequences_active')) === 1);
    const steps = await server.metric('unroll_steps_total');
    socket.destroy();
    await until(idle, 1000);
    expect(await server.metric('unroll_steps_total')).toBeLessThan(steps + 200_000);
  });

  it('leaves no state of a stalled stream behind', async () => {
    const sockets = Array.from({ length: 3 }, () =>
      rawRequest('/v1/models/writer/generate', { max_tokens: 1_000_000, stream: true, timeout_ms: 60_000 }),
    );
    for (const socket of sockets) socket.pause();
    await until(async () => (await server.metric('unroll_streams_open')) === 3);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await server.metric('unroll_streams_open')) === 0);
    await until(idle);
    expect(await server.metric('unroll_streams_open')).toBe(0);
  });
});

describe('a busy server', () => {
  it('refuses requests past its queue’s capacity with 503 and Retry-After, and serves on', async () => {
    const endless = { max_tokens: 1_000_000, timeout_ms: 60_000 };
    const sockets = Array.from({ length: 8 }, () => rawRequest('/v1/models/writer/generate', endless));
    await until(
      async () =>
        (await server.metric('unroll_sequences_active')) +
          (await server.metric('unroll_sequences_waiting')) ===
        8,
    );
    const refused = await server.post('/v1/models/writer/generate', endless);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'overloaded', status: 503 });
    // another model is not starved by the long ones
    await server.ask('/v1/models/classifier/classify', { input: 'still here' });
    for (const socket of sockets) socket.destroy();
    await until(idle);
    await server.ask('/v1/models/writer/generate', { max_tokens: 3 });
  });

  it('answers 504 when the deadline passes', async () => {
    const reply = await server.post('/v1/models/writer/generate', { max_tokens: 1_000_000, timeout_ms: 50 });
    expect(reply.status).toBe(504);
    expect(await reply.json()).toMatchObject({ code: 'deadline_exceeded' });
    await until(idle, 1000);
  });

  it('ends a stream with an error event when the deadline passes', async () => {
    const reply = await server.post('/v1/models/writer/generate', {
      max_tokens: 1_000_000,
      timeout_ms: 200,
      stream: true,
    });
    const { events } = await readEvents(reply);
    expect(events.at(-1)).toMatchObject({ event: 'error', data: { code: 'deadline_exceeded', status: 504 } });
  });
});

describe('a stream without output yet', () => {
  it('sends comments, so that proxies keep the connection', async () => {
    const patient = await startServer(folder.path, { PING_MS: 1, MAX_STEPS: 100_000 });
    const input = 'abcd'.repeat(10_000);
    const reply = await patient.post('/v1/models/tagger/tag', { input, stream: true });
    const { events, comments } = await readEvents(reply);
    expect(events).toHaveLength(40_001);
    expect(comments.slice(0, 2)).toEqual(['accepted', 'ping']);
    expect(await patient.stop()).toBe(0);
  });
});
