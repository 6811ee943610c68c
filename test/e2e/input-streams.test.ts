import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itWithProgram } from '../support/needs.ts';
import { modelFolder, type ModelFolder } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';
import { openBody, openSocket, type Json } from './stream-clients.ts';

// Streams of inputs with a real server. A client sends the next input when it has the answer to the one before: what
// is held back anywhere makes its test wait for ever.

let folder: ModelFolder;
let server: ServerProcess;
beforeAll(async () => {
  folder = modelFolder(['classifier', 'tagger', 'writer', 'numbers', 'total']);
  server = await startServer(folder.path, { RECEIVE_MS: 1000, TIMEOUT_MS: 1500 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const begin = async (model: string, more: object = {}): Promise<string> =>
  (await server.ask<{ id: string }>('/v1/sessions', { model, ...more })).id;
const streamOf = (id: string, query = ''): string => `${server.url}/v1/sessions/${id}/stream${query}`;
const modelStream = (model: string, query = ''): string => `${server.url}/v1/models/${model}/stream${query}`;
const rows = (count: number): number[][] =>
  Array.from({ length: count }, (_, t) => [Math.fround(Math.sin(t)), Math.fround(Math.cos(3 * t))]);
const whole = async (input: number[][]): Promise<number[][]> =>
  (await server.ask<Json>('/v1/models/numbers/predict', { input })).predictions[0].output;
const bytes = (values: number[][]): Uint8Array => new Uint8Array(new Float32Array(values.flat()).buffer);
const position = async (id: string): Promise<number> =>
  ((await (await server.get(`/v1/sessions/${id}`)).json()) as Json).position;

describe('a body that is answered while it is sent', () => {
  it('has an answer for each line before the next is sent, and goes on with the session', async () => {
    const id = await begin('numbers');
    const input = rows(6);
    const stream = openBody(streamOf(id));
    const answers: Json[] = [];
    for (const row of input.slice(0, 3)) {
      stream.send(`${JSON.stringify([row])}\n`);
      answers.push(await stream.next());
    }
    expect((await stream.replied).headers['content-type']).toContain('application/x-ndjson');
    stream.send(`\n${JSON.stringify({ input: input.slice(3, 5) })}\r\n`);
    answers.push(await stream.next());
    stream.send(JSON.stringify(input.slice(5)));
    stream.end();
    answers.push(await stream.next());
    expect(await stream.next()).toBeNull();
    expect(answers.map((answer) => answer.position)).toEqual([1, 2, 3, 5, 6]);
    expect(answers.flatMap((answer) => answer.predictions[0].output)).toEqual(await whole(input));
    expect(await position(id)).toBe(6);
  });

  it('may be frames of bytes, cut anywhere', async () => {
    const input = rows(9);
    const sent = bytes(input);
    const stream = openBody(modelStream('numbers', '?frame=3'), {
      'content-type': 'application/octet-stream',
    });
    const answers: Json[] = [];
    for (const [from, to] of [
      [0, 5],
      [5, 31],
      [31, 72],
    ])
      stream.send(sent.subarray(from, to));
    stream.end();
    for (let i = 0; i < 3; i++) answers.push(await stream.next());
    expect(answers.map((answer) => answer.position)).toEqual([3, 6, 9]);
    expect(answers.flatMap((answer) => answer.predictions[0].output)).toEqual(await whole(input));
  });

  it('reads int16 as samples within ±1', async () => {
    const stream = openBody(modelStream('numbers', '?dtype=int16'), {
      'content-type': 'application/octet-stream',
    });
    stream.send(new Uint8Array(Int16Array.of(-32_768, 16_384).buffer));
    expect((await stream.next()).predictions[0].output).toEqual(await whole([[-1, 0.5]]));
    stream.end();
    expect(await stream.next()).toBeNull();
  });

  it('is answered as events where they are asked for', async () => {
    const id = await begin('classifier');
    const reply = await fetch(streamOf(id, '?top_k=1'), {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', accept: 'text/event-stream' },
      body: '"ab"\n"c"\n',
    });
    const text = await reply.text();
    expect(text).toMatch(/^: accepted\n\nevent: answer\ndata: \{"position":2,"predictions":\[/);
    expect(text).toContain(`event: done\ndata: {"session":{"id":"${id}","position":3}}\n\n`);
  });

  it('reads and writes a text in turns', async () => {
    const generate = { max_tokens: 6, temperature: 0 };
    const straight = await server.ask<Json>('/v1/models/writer/generate', { prompt: 'ab', ...generate });
    const stream = openBody(modelStream('writer'));
    stream.send('"a"\n"b"\n');
    expect(await stream.next()).toEqual({ position: 1 });
    expect(await stream.next()).toEqual({ position: 2 });
    stream.send(`${JSON.stringify({ generate })}\n`);
    expect((await stream.next()).generations).toEqual(straight.generations);
    stream.end();
  });

  it('may take longer than a request has to arrive, and than a deadline: each line has its own', async () => {
    const stream = openBody(modelStream('total'));
    for (let i = 0; i < 4; i++) {
      stream.send('[1]\n');
      expect((await stream.next()).position).toBe(i + 1);
      await new Promise((resolve) => setTimeout(resolve, 900));
    }
    stream.end();
    expect(await stream.next()).toBeNull();
  });

  it("is written and read by undici's fetch", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const replied = fetch(modelStream('total'), {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: readable as never,
      duplex: 'half',
    });
    await writer.write(Buffer.from('[1]\n'));
    const reply = await replied;
    const reader = reply.body!.pipeThrough(new TextDecoderStream() as never).getReader();
    for (let i = 1; i <= 3; i++) {
      if (i > 1) await writer.write(Buffer.from('[1]\n'));
      expect(JSON.parse((await reader.read()).value as string)).toMatchObject({ position: i });
    }
    await writer.close();
    expect((await reader.read()).done).toBe(true);
  });

  itWithProgram({ program: 'curl', debianPackage: 'curl' }, 'is written and read by curl', async () => {
    // each line waits for the answer to the one before
    const script = `
      mkfifo "$1/in" "$1/out"
      curl -sN -T . -X POST "$2" < "$1/in" > "$1/out" &
      exec 3> "$1/in" 4< "$1/out"
      for i in 1 2 3; do echo "[$i]" >&3; read -r line <&4; echo "$line"; done
      exec 3>&-
      wait`;
    const { mkdtempSync, rmSync } = await import('node:fs');
    const work = mkdtempSync('/tmp/unroll-curl-');
    try {
      const { stdout } = await promisify(execFile)('bash', [
        '-c',
        script,
        'bash',
        work,
        modelStream('total'),
      ]);
      const lines = stdout.trim().split('\n');
      expect(lines.map((line) => JSON.parse(line).position)).toEqual([1, 2, 3]);
    } finally {
      rmSync(work, { recursive: true });
    }
  });
});

describe('a WebSocket', () => {
  it('answers text and bytes in their order', async () => {
    const input = rows(7);
    const id = await begin('numbers');
    const { send, next, close } = await openSocket(streamOf(id));
    send(JSON.stringify(input.slice(0, 1)));
    send(bytes(input.slice(1, 4)));
    send(JSON.stringify({ input: input.slice(4) }));
    const answers: Json[] = [];
    for (let i = 0; i < 5; i++) answers.push(await next());
    expect(answers.map((answer) => answer.position)).toEqual([1, 2, 3, 4, 7]);
    expect(answers.flatMap((answer) => answer.predictions[0].output)).toEqual(await whole(input));
    expect(await close()).toMatchObject({ code: 1000 });
    expect(await position(id)).toBe(7);
  });

  it('joins blocks of samples to frames', async () => {
    const input = rows(6);
    const flat = input.flat();
    const { send, next, close } = await openSocket(modelStream('numbers', '?samples=3&frame=2'));
    for (let at = 0; at < flat.length; at += 3) send(bytes([flat.slice(at, at + 3)]));
    const answers = [await next(), await next(), await next()];
    expect(answers.flatMap((answer) => answer.predictions[0].output)).toEqual(await whole(input));
    await close();
  });

  it('answers with bytes where these are asked for', async () => {
    const input = rows(4);
    const { send, next, close } = await openSocket(modelStream('numbers', '?answers=float32&frame=4'));
    send(bytes(input));
    const answer = (await next()) as Buffer;
    const values = new Float32Array(new Uint8Array(answer).buffer);
    expect([...values]).toEqual((await whole(input)).flat().map(Math.fround));
    await close();
  });

  it('lives longer than a request and a deadline', async () => {
    const { send, next, close } = await openSocket(modelStream('total'));
    for (let i = 1; i <= 3; i++) {
      send('[1]');
      expect((await next()).position).toBe(i);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    await close();
  });

  it('goes on with the session where the one before was cut', async () => {
    const id = await begin('numbers');
    const input = rows(8);
    const first = await openSocket(streamOf(id));
    const answers: Json[] = [];
    for (const row of input.slice(0, 5)) {
      first.send(bytes([row]));
      answers.push(await first.next());
    }
    first.socket.terminate();
    // the server may not have noticed yet
    const second = await openSocket(streamOf(id, '?take_over=true'));
    for (const row of input.slice(5)) {
      second.send(bytes([row]));
      answers.push(await second.next());
    }
    expect(answers.flatMap((answer) => answer.predictions[0].output)).toEqual(await whole(input));
    await second.close();
  });
});

describe('refusals', () => {
  it.for([
    ['JSON that is none', 'total', '[1]\n[1,\n[1]\n', 1, 'malformed_json', { line: 2 }],
    ['a text for a model of numbers', 'total', '"a"\n', 0, 'input_mismatch', { line: 1 }],
    ['numbers for a model of texts', 'classifier', '"a"\n\n[1]\n', 1, 'input_mismatch', { line: 3 }],
    ['a step of another size', 'numbers', '[[1,2,3]]\n', 0, 'input_mismatch', { line: 1 }],
    ['an unknown field', 'total', '{"input":[1],"stream":true}\n', 0, 'invalid_request', { line: 1 }],
    ['null', 'total', 'null\n', 0, 'invalid_request', { line: 1 }],
    ['a deep list', 'total', '[[[[1]]]]\n', 0, 'invalid_request', { line: 1, field: 'input[0][0][0]' }],
    ['a list with null', 'total', '[1,null]\n', 0, 'invalid_request', { line: 1 }],
    ['a line without end', 'total', `[1]\n${'[1,'.repeat(60_000)}`, 1, 'body_too_large', { line: 2 }],
    ['a timeout above the limit', 'total', '{"input":[1],"timeout_ms":99999999}\n', 0, 'invalid_request', {}],
  ] as const)('ends a body with the line of %s', async ([, model, body, answered, code, place]) => {
    const stream = openBody(modelStream(model));
    stream.send(body);
    for (let i = 0; i < answered; i++) expect(await stream.next()).toHaveProperty('position');
    expect(await stream.next()).toMatchObject({ error: { code, ...place } });
    expect(await stream.next()).toBeNull();
    stream.leave();
  });

  it.for([
    ['a part of a step', 'numbers', '', new Uint8Array(12), 4422, 'frames of 8 bytes, had 12'],
    ['nothing', 'numbers', '', new Uint8Array(0), 4422, 'frames of 8 bytes, had 0'],
    ['other blocks than announced', 'numbers', '?samples=3', new Uint8Array(8), 4422, '3 samples of 4 bytes'],
    ['frames for a model of texts', 'classifier', '', new Uint8Array(8), 4422, 'takes a text'],
    ['a number that is none', 'numbers', '', bytes([[NaN, 0]]), 4422, 'not_finite'],
    ['a message larger than the limit', 'numbers', '', new Uint8Array(131_080), 1009, ''],
    ['a frame larger than the limit', 'numbers', '?frame=8192&top_k=1', '[[1,2]]', null, ''],
    ['a text that is no JSON', 'numbers', '', 'hello', 4400, 'malformed_json'],
    ['binary answers of labels', 'classifier', '?answers=float32', '"a"', 4400, 'answers: float32'],
  ] as const)('closes a WebSocket for %s', async ([, model, query, message, code, reason]) => {
    const { send, next, closing, close } = await openSocket(modelStream(model, query));
    send(message);
    if (code === null) {
      expect(await next()).toHaveProperty('position');
      await close();
    } else {
      if (code !== 1009) expect(await next()).toHaveProperty('error.code');
      expect(await closing).toMatchObject({ code, reason: expect.stringContaining(reason) });
    }
  });

  it.for([
    ['an unknown session', '/v1/sessions/nobody/stream', 404, 'session_not_found'],
    ['an unknown model', '/v1/models/nobody/stream', 404, 'model_not_found'],
    ['a model that reads whole sequences', '/v1/models/tagger/stream', 409, 'session_unsupported'],
    [
      'frames that are too large',
      '/v1/models/numbers/stream?frame=8192&dtype=float64',
      400,
      'invalid_request',
    ],
    ['a frame of no step', '/v1/models/numbers/stream?frame=0', 400, 'invalid_request'],
  ] as const)('refuses %s', async ([, path, status, code]) => {
    const headers = { 'content-type': 'application/x-ndjson' };
    const reply = await fetch(server.url + path, { method: 'POST', headers, body: '[1]' });
    expect([reply.status, await reply.json()]).toMatchObject([status, { code }]);
    if (status === 400) return;
    const { closing } = await openSocket(server.url + path);
    expect(await closing).toMatchObject({ code: 4000 + status, reason: expect.stringContaining(code) });
  });

  it('refuses other types, compressed bodies, and a GET that asks for no WebSocket', async () => {
    const post = async (headers: Record<string, string>): Promise<unknown> => {
      const reply = await fetch(modelStream('total'), { method: 'POST', headers, body: '[1]' });
      return [reply.status, ((await reply.json()) as Json).code];
    };
    expect(await post({ 'content-type': 'text/csv' })).toEqual([415, 'unsupported_media_type']);
    expect(await post({ 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' })).toEqual([
      415,
      'unsupported_media_type',
    ]);
    const get = await fetch(modelStream('total'));
    expect([get.status, get.headers.get('upgrade')]).toEqual([426, 'websocket']);
    // an upgrade to something else is ignored, as on all routes
    const { stdout } = await promisify(execFile)('curl', ['-s', '--http2', `${server.url}/v1/models/total`]);
    expect(JSON.parse(stdout)).toMatchObject({ id: 'total' });
  });
});

describe('other calls of a session that a stream has', () => {
  it('are refused, a stream too unless it takes over; reads are answered', async () => {
    const id = await begin('total');
    const first = await openSocket(streamOf(id));
    first.send('[1]');
    await first.next();
    const step = await server.post(`/v1/sessions/${id}/steps`, { input: [1] });
    expect([step.status, await step.json()]).toMatchObject([409, { code: 'session_streaming' }]);
    const second = await openSocket(streamOf(id));
    expect(await second.closing).toMatchObject({ code: 4409 });
    expect(await position(id)).toBe(1);
    const third = await openSocket(streamOf(id, '?take_over=true'));
    expect(await first.closing).toMatchObject({
      code: 4409,
      reason: expect.stringContaining('session_lost'),
    });
    third.send('[1]');
    expect((await third.next()).position).toBe(2);
    await third.close();
    expect((await server.ask<Json>(`/v1/sessions/${id}/steps`, { input: [1] })).session.position).toBe(3);
  });

  it('run before a stream that comes after them', async () => {
    const id = await begin('writer');
    const generate = { max_tokens: 2000, temperature: 0 };
    const call = server.post(`/v1/sessions/${id}/steps`, { generate, stream: true });
    expect((await call).status).toBe(200);
    const { send, next, close } = await openSocket(streamOf(id));
    send('"a"');
    expect((await next()).position).toBe(2001);
    await (await call).text();
    await close();
  });

  it('end a stream when they delete its session', async () => {
    const id = await begin('total');
    const { send, next, closing } = await openSocket(streamOf(id));
    send('[1]');
    await next();
    const reply = await fetch(`${server.url}/v1/sessions/${id}`, { method: 'DELETE' });
    expect(reply.status).toBe(200);
    expect(await closing).toMatchObject({ code: 4412, reason: expect.stringContaining('session_ending') });
  });

  it('leave no stream open', async () => {
    expect(await server.metric('unroll_streams_open')).toBe(0);
  });
});
