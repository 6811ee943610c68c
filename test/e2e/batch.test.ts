import { request } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelFolder, models } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// Batches: lines in, lines out, over a real server.

const folder = modelFolder(['classifier', 'numbers', 'writer']);
folder.write('classifier', 2, models.classifier, 2);
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, { WORKERS: 1, SLOTS: 4, QUEUE: 8 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

type Answer = Record<string, unknown> & { line: number; error?: { code: string; field?: string } };
const parse = (text: string): Answer[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Answer);
const send = async (path: string, lines: readonly unknown[]): Promise<[Response, Answer[]]> => {
  const body = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  const headers = { 'content-type': 'application/x-ndjson' };
  const reply = await fetch(`${server.url}${path}`, { method: 'POST', headers, body });
  return [reply, parse(await reply.text())];
};

it('answers each line as its own request is answered, in order, more lines than the queue has room for', async () => {
  const texts = Array.from(
    { length: 300 },
    (_, i) => 'ab '.repeat(1 + (i % 9)) + String.fromCharCode(97 + (i % 26)),
  );
  const [reply, answers] = await send(
    '/v1/models/classifier@1/classify',
    texts.map((input) => ({ input, top_k: 3 })),
  );
  expect([reply.status, reply.headers.get('content-type')]).toEqual([
    200,
    'application/x-ndjson; charset=utf-8',
  ]);
  expect(answers.map(({ line }) => line)).toEqual(texts.map((_, i) => i + 1));
  for (const i of [0, 17, 299]) {
    const one = await server.ask<{ predictions: unknown }>('/v1/models/classifier@1/classify', {
      input: texts[i],
      top_k: 3,
    });
    expect(answers[i]).toMatchObject({ model: 'classifier', version: 1, predictions: one.predictions });
  }
});

it('reports a line that cannot be answered, and answers the others', async () => {
  const [, answers] = await send('/v1/models/classifier/classify', [
    { input: 'abc' },
    '{"input":',
    { inputs: 'abc' },
    '',
    { input: '' },
    { input: 'abc', stream: true },
    { input: 'abc', top_k: null },
  ]);
  expect(answers.map(({ line, error }) => [line, error?.code ?? null, error?.field ?? null])).toEqual([
    [1, null, null],
    [2, 'malformed_json', null],
    [3, 'invalid_request', expect.any(String)],
    [5, 'empty_input', expect.anything()],
    [6, 'invalid_request', 'stream'],
    [7, null, null],
  ]);
});

it('refuses the whole batch where no line could be answered', async () => {
  const [unknown] = await send('/v1/models/nobody/classify', [{ input: 'a' }]);
  expect(unknown.status).toBe(404);
  const headers = { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' };
  const encoded = await fetch(`${server.url}/v1/models/classifier/classify`, {
    method: 'POST',
    headers,
    body: 'x',
  });
  expect(encoded.status).toBe(415);
  const [empty, none] = await send('/v1/models/classifier/classify', []);
  expect([empty.status, none]).toEqual([200, []]);
});

it('answers while the body is sent, all by the version of its beginning, and stops reading a client that does not read', async () => {
  const call = request(`${server.url}/v1/models/classifier/classify`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
  });
  call.flushHeaders();
  const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
  response.setEncoding('utf8');
  call.write('{"input":"ab"}\n');
  const [first] = (await once(response, 'data')) as [string];
  expect(parse(first)).toMatchObject([{ line: 1, version: 2 }]);
  await fetch(`${server.url}/v1/models/classifier/aliases/default`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"version":1}',
  });
  response.pause();
  // the server takes as much as its buffers hold
  const line = `${JSON.stringify({ input: 'ab'.repeat(2000), top_k: 3 })}\n`;
  let written = 1;
  await until(async () => {
    for (let i = 0; i < 200 && !call.writableNeedDrain; i++, written++) call.write(line);
    if (call.writableNeedDrain) {
      const drained = await Promise.race([
        once(call, 'drain').then(() => true),
        new Promise<false>((resolve) => setTimeout(() => resolve(false), 1500)),
      ]);
      return !drained || written > 20_000;
    }
    return written > 20_000;
  }, 60_000);
  let text = '';
  response.on('data', (chunk: string) => (text += chunk));
  response.resume();
  call.end();
  await once(response, 'end');
  const answers = parse(text);
  expect(answers).toHaveLength(written - 1);
  expect(new Set(answers.map(({ version, error }) => error ?? version))).toEqual(new Set([2]));
}, 120_000);

it('frees what a client that leaves has asked for', async () => {
  const leaving = new AbortController();
  const body = Array.from({ length: 200 }, () => JSON.stringify({ prompt: 'ab', max_tokens: 2000 })).join(
    '\n',
  );
  const headers = { 'content-type': 'application/x-ndjson' };
  const reply = await fetch(`${server.url}/v1/models/writer/generate`, {
    method: 'POST',
    headers,
    body,
    signal: leaving.signal,
  });
  expect(reply.status).toBe(200);
  leaving.abort();
  await until(async () => (await server.metric('unroll_sequences_active')) === 0, 20_000);
  expect(await server.metric('unroll_sequences_waiting')).toBe(0);
});
