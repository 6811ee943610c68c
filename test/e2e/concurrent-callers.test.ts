import fc from 'fast-check';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

const folder = modelFolder();
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, {
    SLOTS: 4,
    QUEUE: 100,
    MAX_EXPECTED_MS: 3_600_000,
    MAX_TOKENS: 1_000_000,
  });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder.remove();
});

const letters = 'the quick brown fox 😀 jumps over กé the lazy dog ';
const text = (i: number): string => [...letters.repeat(3)].slice(i, i + 1 + ((i * 7) % 40)).join('');
const series = (i: number, features: number): number[][] =>
  Array.from({ length: 1 + (i % 23) }, (_, t) =>
    Array.from({ length: features }, (_, k) => Math.sin(i * 31 + t * 7 + k) * 3),
  );
const fifty = <T>(make: (i: number) => T): T[] => Array.from({ length: 50 }, (_, i) => make(i));

describe('fifty inputs in a list', () => {
  it.each([
    ['classifier/classify', 'predictions', fifty(text)],
    ['tagger/tag', 'predictions', fifty(text)],
    ['numbers/predict', 'predictions', fifty((i) => series(i, 2))],
    ['total/predict', 'predictions', fifty((i) => series(i, 1))],
    ['writer/embed', 'embeddings', fifty(text)],
  ] as const)('get from %s what each gets alone, to the last digit', async (path, key, input) => {
    type Reply = Record<string, unknown[]>;
    const together = await server.ask<Reply>(`/v1/models/${path}`, { input });
    const alone = await Promise.all(
      input.map((one) => server.ask<Reply>(`/v1/models/${path}`, { input: [one] })),
    );
    expect(together[key]).toHaveLength(50);
    expect(together[key]).toEqual(alone.map((reply) => reply[key]![0]));
  });

  it('generate with one seed the text that each generates alone', async () => {
    type Reply = { generations: { text: string }[] };
    const prompt = fifty((i) => text(i).slice(0, 9).toWellFormed());
    const body = { seed: 11, max_tokens: 12, temperature: 1.2 };
    const together = await server.ask<Reply>('/v1/models/writer/generate', { ...body, prompt });
    for (const i of [0, 17, 49]) {
      const alone = await server.ask<Reply>('/v1/models/writer/generate', { ...body, prompt: prompt[i] });
      expect(together.generations[i]).toEqual(alone.generations[0]);
    }
  });
});

describe('a caller that disconnects', () => {
  const send = (path: string, length: number, body: string) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`,
    );
    return socket;
  };
  const waiting = () => server.metric('unroll_sequences_waiting');
  const active = () => server.metric('unroll_sequences_active');

  it('while queued leaves the queue', async () => {
    // few enough to be done in time, all together: more would be refused
    const body = JSON.stringify({ max_tokens: 100_000, timeout_ms: 300_000 });
    const callers = Array.from({ length: 24 }, () => send('/v1/models/writer/generate', body.length, body));
    await until(async () => (await waiting()) > 0 && (await waiting()) + (await active()) === 24);
    for (const socket of callers.slice(1)) socket.destroy();
    await until(async () => (await waiting()) === 0 && (await active()) === 1, 2000);
    callers[0]!.destroy();
    await until(async () => (await active()) === 0, 2000);
    expect(await waiting()).toBe(0);
  });

  it('in the middle of its request is counted, and not as a server error', async () => {
    for (let i = 0; i < 20; i++) {
      const socket = send('/v1/models/classifier/classify', 1000, '{"input": "abc');
      await once(socket, 'ready');
      // written before it, so on its way by now
      socket.write('d', () => socket.destroy());
    }
    const left = /^unroll_requests_total\{method="POST",route="[^"]*classify",status="499"\} 20$/m;
    await until(async () => left.test(await (await server.get('/metrics')).text()));
    expect(await waiting()).toBe(0);
    expect(await active()).toBe(0);
    await server.ask('/v1/models/classifier/classify', { input: 'still here' });
    expect(server.output()).not.toMatch(/"level":(50|60)/);
  });
});

it('any path gets an answer or a problem', async () => {
  const part = fc.oneof(
    fc.constantFrom(
      'v1',
      'models',
      'classifier',
      'writer@1',
      'docs',
      'v2',
      'health',
      '..',
      '.',
      '@',
      '%2e%2e',
    ),
    fc.string({ unit: 'binary', maxLength: 12 }).map((one) => encodeURIComponent(one.toWellFormed())),
    fc.stringMatching(/^[!-~]{0,12}$/),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { maxLength: 5 }),
      fc.constantFrom('GET', 'POST', 'DELETE', 'OPTIONS', 'HEAD'),
      async (parts, method) => {
        const reply = await server.get(`/${parts.join('/')}`, { method, redirect: 'manual' });
        const body = await reply.text();
        expect(reply.status).toBeLessThan(500);
        if (reply.status < 400 || method === 'HEAD') return;
        // the inference protocol has a shape of its own
        const ofProtocol = /^\/v2(\/|$)/.test(new URL(reply.url).pathname);
        expect(JSON.parse(body)).toMatchObject(
          ofProtocol ? { error: expect.any(String) as string } : { status: reply.status },
        );
      },
    ),
    { numRuns: 200 },
  );
});
