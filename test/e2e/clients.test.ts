import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itWithProgram } from '../support/needs.ts';
import { readEvents } from './events.ts';
import { modelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// What clients that others wrote send, over real connections.

const folder = modelFolder(['classifier', 'tagger', 'writer', 'numbers']);
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, {
    WORKERS: 1,
    SLOTS: 1,
    MAX_EXPECTED_MS: 3_600_000,
    TIMEOUT_MS: 3_600_000,
    MAX_TIMEOUT_MS: 3_600_000,
    MAX_TOKENS: 1_000_000,
    MAX_STEPS: 1_000_000,
  });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  // nothing of this was the server's fault
  expect(server.output()).not.toMatch(/"level":[56]0/);
  folder.remove();
});

const curl = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)('curl', ['-s', ...args], { maxBuffer: 1e8 })).stdout;
const itWithCurl = (title: string, test: () => Promise<void>): void =>
  itWithProgram({ program: 'curl', debianPackage: 'curl' }, title, test);

const tensors = (data: string[], more: object = {}): object => ({
  inputs: [{ name: 'input', datatype: 'BYTES', shape: [data.length], data }],
  ...more,
});

/** Takes the only slot until it is called. */
async function takeSlot(): Promise<() => void> {
  const left = new AbortController();
  const taking = server.post(
    '/v1/models/writer/generate',
    { max_tokens: 1_000_000 },
    { signal: left.signal },
  );
  taking.catch(() => {});
  await until(async () => (await server.metric('unroll_sequences_active')) === 1);
  return () => left.abort();
}

describe('a client of the inference protocol', () => {
  itWithCurl('needs no content type, and no exact path', async () => {
    const data = JSON.stringify(tensors(['abc'], { outputs: [] }));
    const url = `${server.url}/v2/models/classifier/infer/`;
    for (const args of [[], ['-H', 'content-type:'], ['-H', 'content-type: text/plain']])
      expect(JSON.parse(await curl(url, ...args, '-d', data))).toMatchObject({
        outputs: [{ name: 'label' }, { name: 'scores' }],
      });
    expect(JSON.parse(await curl(url, '-d', `\ufeff${data}`))).toMatchObject({ model_name: 'classifier' });
  });

  it('may send texts as [batch, 1]', async () => {
    const flat = await server.ask('/v2/models/classifier/infer', tensors(['abc', 'de']));
    const inputs = [{ name: 'input', datatype: 'BYTES', shape: [2, 1], data: [['abc'], ['de']] }];
    expect(await server.ask('/v2/models/classifier/infer', { inputs })).toEqual(flat);
  });

  it('gets the best labels of an output as `score:index:label`', async () => {
    interface Outputs {
      readonly outputs: { readonly shape: number[]; readonly data: (string | number)[] }[];
    }
    const ask = (parameters: object): Promise<Outputs> =>
      server.ask(
        '/v2/models/classifier/infer',
        tensors(['abc', 'de'], { outputs: [{ name: 'scores', parameters }] }),
      );
    const [scores] = (await ask({})).outputs;
    const [best] = (await ask({ classification: 2 })).outputs;
    expect(best!.shape).toEqual([2, 2]);
    const labels = ['red', 'green', 'blue'];
    const expected = [0, 3].flatMap((at) =>
      scores!.data
        .slice(at, at + 3)
        .map((score, i) => [Number(score), i] as const)
        .sort(([a], [b]) => b - a)
        .slice(0, 2)
        .map(([score, i]) => `${score}:${i}:${labels[i]!}`),
    );
    expect(best!.data).toEqual(expected);
  });

  it('gets the tokens of a tagged text and where they are', async () => {
    const named = (names: string[]) => names.map((name) => ({ name }));
    const reply = await server.ask<{ outputs: { data: unknown }[] }>('/v2/models/tagger/infer', {
      ...tensors(['a😀b', 'ก']),
      outputs: named(['tokens', 'starts', 'ends', 'lengths']),
    });
    expect(reply.outputs.map(({ data }) => data)).toEqual([
      ['a', '😀', 'b', 'ก', '', ''],
      [0, 1, 3, 0, 0, 0],
      [1, 3, 4, 1, 0, 0],
      [3, 1],
    ]);
    const ids = [{ name: 'ids', datatype: 'INT64', shape: [1, 2], data: [2, 3] }];
    const plain = await server.ask<{ outputs: { name: string }[] }>('/v2/models/tagger/infer', {
      inputs: ids,
    });
    expect(plain.outputs.map(({ name }) => name)).toEqual(['labels', 'scores', 'lengths']);
    const asked = await server.post('/v2/models/tagger/infer', { inputs: ids, outputs: named(['tokens']) });
    expect(asked.status).toBe(400);
  });

  it('may send the bytes of the only input alone, and gets bytes', async () => {
    const values = Float32Array.from([1, 2, 3, 4, 5, 6]);
    const input = { name: 'input', datatype: 'FP32', shape: [1, 3, 2], data: Array.from(values) };
    const plain = await server.ask<{ outputs: { data: number[] }[] }>('/v2/models/numbers/infer', {
      inputs: [input],
    });
    const { headers, body } = await request(`${server.url}/v2/models/numbers/infer`, {
      method: 'POST',
      headers: { 'inference-header-content-length': '0', 'content-type': 'application/octet-stream' },
      body: Buffer.from(values.buffer),
    });
    const bytes = Buffer.from(await body.arrayBuffer());
    const at = Number(headers['inference-header-content-length']);
    const output = plain.outputs[0]!.data;
    expect(output.map((_, i) => bytes.readFloatLE(at + 4 * i))).toEqual(output.map(Math.fround));
  });

  it('gets a long answer compressed where it takes gzip', async () => {
    const body = JSON.stringify(tensors(Array<string>(60).fill('abc')));
    for (const [binary, accepted, encoding] of [
      [false, 'gzip, deflate', 'gzip'],
      [true, '*', 'gzip'],
      [false, 'br', undefined],
      [false, 'gzip;q=0', undefined],
    ] as const) {
      const ask = (headers: Record<string, string>) =>
        request(`${server.url}/v2/models/classifier/infer`, {
          method: 'POST',
          headers,
          body: binary ? body.replace('{', '{"parameters":{"binary_data_output":true},') : body,
        });
      const reply = await ask({ 'accept-encoding': accepted });
      expect(reply.headers['content-encoding']).toBe(encoding);
      const bytes = Buffer.from(await reply.body.arrayBuffer());
      const plain = Buffer.from(await (await ask({})).body.arrayBuffer());
      expect(encoding === 'gzip' ? gunzipSync(bytes) : bytes).toEqual(plain);
    }
  });

  it('may have a priority, and parameters that nobody here knows', async () => {
    for (const model of ['classifier', 'writer']) {
      const parameters = { priority: 1, content_type: 'str', colour: ['red'], max_tokens: null };
      expect((await server.post(`/v2/models/${model}/infer`, tensors(['a'], { parameters }))).status).toBe(
        200,
      );
    }
  });

  it('sets a time limit in microseconds', async () => {
    const body = tensors(['a'], { parameters: { timeout: 50_000, max_tokens: 1_000_000 } });
    const reply = await server.post('/v2/models/writer/infer', body);
    expect([503, 504]).toContain(reply.status);
    expect(await reply.json()).toEqual({ error: expect.stringContaining('deadline') as string });
  });
});

describe('a request for other servers', () => {
  it('has null where it leaves a field out', async () => {
    const nulls = { top_k: null, stream: null, timeout_ms: null };
    const asked = await server.ask<{ predictions: unknown }>('/v1/models/classifier/classify', {
      input: 'abc',
      ...nulls,
    });
    const plain = await server.ask<{ predictions: unknown }>('/v1/models/classifier/classify', {
      input: 'abc',
    });
    expect(asked.predictions).toEqual(plain.predictions);
    const generate = { prompt: null, max_tokens: 3, seed: 1, stop: null, n: null, temperature: null };
    const { generations } = await server.ask<{ generations: unknown[] }>(
      '/v1/models/writer/generate',
      generate,
    );
    expect(generations).toHaveLength(1);
  });

  it('has a character that was lost before as an unknown one', async () => {
    const { usage } = await server.ask<{ usage: { unknown: number } }>('/v1/models/classifier/classify', {
      input: 'a\ufffdb\ufffd',
    });
    expect(usage.unknown).toBe(2);
  });

  it.each([
    ['POST', '/nothing', 'application/json', '{{{'],
    ['POST', '/v2/nothing', 'a/b', 'x'],
    ['PUT', '/nothing', 'multipart/form-data', 'x'],
    ['QUERY', '/v1/models', 'application/json', '{'],
    ['QUERY', '/v2/models/classifier/infer', 'text/plain', '{'],
    ['PROPFIND', '/v1/models', 'text/xml', '<a/>'],
  ])('%s %s is 404, whatever its body', async (method, path, type, body) => {
    const { statusCode, body: reply } = await request(server.url + path, {
      method: method as 'POST',
      headers: { 'content-type': type },
      body,
    });
    expect([statusCode, await reply.text()]).toEqual([
      404,
      expect.stringContaining('no route for') as string,
    ]);
  });

  it('with two files keeps none of them', async () => {
    const part = (name: string): string =>
      `--x\r\ncontent-disposition: form-data; name="${name}"; filename="${name}.txt"\r\n\r\n${'abc\n'.repeat(100_000)}\r\n`;
    const reply = await server.get('/v1/datasets', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: `${part('a')}${part('b')}--x--\r\n`,
    });
    expect([reply.status, await reply.json()]).toMatchObject([400, { code: 'malformed_multipart' }]);
    expect(await (await server.get('/v1/datasets')).json()).toMatchObject({ data: [] });
  });
});

describe('a stream that waits for a slot', () => {
  it('has its headers and a comment before its first event', async () => {
    const release = await takeSlot();
    const next = await server.post('/v1/models/writer/generate', {
      max_tokens: 1,
      stream: true,
      timeout_ms: 100_000,
    });
    expect(next.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(next.headers.get('cache-control')).toBe('no-store, no-transform');
    expect(next.headers.get('x-accel-buffering')).toBe('no');
    release();
    const { events, comments } = await readEvents(next);
    expect(comments[0]).toBe('accepted');
    expect(events.map(({ event }) => event)).toEqual(['token', 'done']);
  });

  it.each([
    ['the model has another task', '/v1/models/classifier/generate', {}, 409],
    ['there is no such model', '/v1/models/nobody/generate', {}, 404],
    ['its input is not known', '/v1/models/classifier/classify', { input: '' }, 422],
    ['its time limit is too long', '/v1/models/writer/generate', { timeout_ms: 1e9 }, 400],
  ])('is refused with a status where %s', async (_, path, body, status) => {
    const reply = await server.post(path, { ...body, stream: true });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([
      status,
      expect.stringMatching(/^application\/problem\+json/) as string,
    ]);
  });
});
