import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conformance } from '../conformance/cases.ts';
import { modelFolder } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// The Open Inference Protocol over a real server.

const folder = modelFolder();
let server: ServerProcess;
beforeAll(async () => {
  mkdirSync(join(folder.path, 'broken/1'), { recursive: true });
  writeFileSync(join(folder.path, 'broken/1/model.json'), '{}');
  server = await startServer(folder.path, { MAX_STEPS: 500 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

interface Output {
  readonly name: string;
  readonly shape: number[];
  readonly data: (number | string)[];
}
const infer = async (model: string, body: object): Promise<Record<string, Output>> => {
  const { outputs } = await server.ask<{ outputs: Output[] }>(`/v2/models/${model}/infer`, body);
  return Object.fromEntries(outputs.map((output) => [output.name, output]));
};
const texts = (...data: string[]) => ({ name: 'input', datatype: 'BYTES', shape: [data.length], data });
const rows = (shape: number[], data: number[], datatype = 'FP32') => ({
  name: 'input',
  datatype,
  shape,
  data,
});

describe('the inference protocol', () => {
  it.each(['classifier', 'tagger', 'writer', 'numbers', 'total'])(
    'is kept to, seen from outside: %s',
    async (model) => {
      const results = await conformance({ url: server.url, model, parameters: { seed: 1 } });
      expect(results.filter(({ wrong }) => wrong !== null)).toEqual([]);
      expect(results.length).toBeGreaterThan(25);
    },
  );

  it('is seen to be broken where a server breaks it', async () => {
    // our own answers, with every error told as if nothing were wrong and every id changed
    const broken = createServer((request, reply) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const { method = 'GET', url = '/', headers } = request;
        const answer = await fetch(server.url + url, {
          method,
          headers: { 'content-type': headers['content-type'] ?? 'application/json' },
          ...(method === 'POST' && { body: Buffer.concat(chunks) }),
        });
        reply.writeHead(200).end((await answer.text()).replace('conformance-7', 'another'));
      })();
    }).listen(0, '127.0.0.1');
    await once(broken, 'listening');
    const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`;
    const results = await conformance({ url, model: 'numbers' });
    broken.close();
    const wrong = results.filter((one) => one.wrong !== null).map(({ says }) => says);
    expect(wrong).toContain('the id of a request comes back');
    expect(wrong).toContain('a model that is not there is an error');
    expect(wrong.length).toBeGreaterThan(12);
  });

  it('answers sequences of different lengths as it answers each alone, to the bit', async () => {
    const width = 2;
    const each = [5, 1, 3];
    const value = (row: number, i: number): number => Math.fround(Math.sin(row * 10 + i));
    const data = each.flatMap((length, row) =>
      // what lies past a length is not read
      Array.from({ length: 5 * width }, (_, i) => (i < length * width ? value(row, i) : 1e30)),
    );
    const lengths = { name: 'lengths', datatype: 'INT32', shape: [3], data: each };
    const together = await infer('numbers', { inputs: [rows([3, 5, width], data), lengths] });
    expect(together['lengths']!.data).toEqual(each);
    const [, longest, outputs] = together['output']!.shape as [number, number, number];
    for (const [row, length] of each.entries()) {
      const own = Array.from({ length: length * width }, (_, i) => value(row, i));
      const alone = await infer('numbers', { inputs: [rows([1, length, width], own)] });
      const from = row * longest * outputs;
      expect(together['output']!.data.slice(from, from + length * outputs)).toEqual(alone['output']!.data);
      expect(together['output']!.data.slice(from + length * outputs, from + longest * outputs)).toEqual(
        Array((longest - length) * outputs).fill(0),
      );
    }
  });

  it('says the same as the task it stands for, by texts and by ids', async () => {
    const { predictions } = await server.ask<{ predictions: { label: string; score: number }[] }>(
      '/v1/models/classifier/classify',
      { input: ['abc', 'ca'] },
    );
    const byText = await infer('classifier', { inputs: [texts('abc', 'ca')] });
    expect(byText['label']!.data).toEqual(predictions.map(({ label }) => label));
    const best = byText['scores']!.data.slice(0, byText['scores']!.shape[1]) as number[];
    expect(Math.max(...best)).toBe(predictions[0]!.score);
  });

  it('takes what other servers call a version, and generation’s settings as parameters', async () => {
    const { text } = await infer('writer/versions/1', {
      parameters: { max_tokens: 7, temperature: 0 },
      inputs: [texts('ab', 'c')],
    });
    expect(text!.data).toHaveLength(2);
    const again = await infer('writer', {
      parameters: { max_tokens: 7, temperature: 0 },
      inputs: [texts('ab')],
    });
    expect(again['text']!.data[0]).toBe(text!.data[0]);
  });

  it('tells a model that cannot be served from one that is not there', async () => {
    const body = { inputs: [texts('a')] };
    for (const path of ['/v2/models/broken/infer', '/v2/models/broken/versions/1/infer'])
      expect((await server.post(path, body)).status).toBe(503);
    const ready = await server.get('/v2/models/broken/ready');
    expect([ready.status, await ready.json()]).toEqual([503, { name: 'broken', ready: false }]);
    expect((await server.get('/v2/models/broken')).status).toBe(503);
    expect((await server.post('/v2/models/nobody/infer', body)).status).toBe(404);
    const index = (await (await server.post('/v2/repository/index', {})).json()) as {
      name: string;
      state: string;
      reason: string;
    }[];
    expect(index.find(({ name }) => name === 'broken')).toMatchObject({
      state: 'UNAVAILABLE',
      reason: /model\.json/,
    });
    expect(await (await server.post('/v2/repository/index', { ready: true })).json()).not.toContainEqual(
      expect.objectContaining({ name: 'broken' }),
    );
  });

  it.each<[what: string, model: string, body: object, status: number, says: RegExp]>([
    [
      'a width that is not the model’s',
      'numbers',
      { inputs: [rows([1, 1, 3], [1, 2, 3])] },
      400,
      /inputs\.input\.shape: must be \[-1, -1, 2\]/,
    ],
    [
      'texts for numbers',
      'numbers',
      { inputs: [{ ...texts('a'), shape: [1, 1, 1] }] },
      400,
      /shape|datatype/,
    ],
    [
      'numbers for texts',
      'classifier',
      { inputs: [rows([1], [1])] },
      400,
      /inputs\.input\.datatype: must be BYTES, was FP32/,
    ],
    ['an input twice', 'classifier', { inputs: [texts('a'), texts('b')] }, 400, /stands there twice/],
    ['a huge shape', 'numbers', { inputs: [rows([1e6, 1e6, 2], [1])] }, 400, /at most 16777216 elements/],
    ['a dimension that is none', 'numbers', { inputs: [rows([1.5, 1, 2], [1])] }, 400, /a dimension of 1\.5/],
    ['a batch of none', 'numbers', { inputs: [rows([0, 1, 2], [])] }, 422, /no steps/],
    ['a sequence of none', 'numbers', { inputs: [rows([1, 0, 2], [])] }, 422, /no steps|empty/],
    [
      'an id past the vocabulary',
      'classifier',
      { inputs: [{ name: 'ids', datatype: 'INT64', shape: [1, 1], data: [9999] }] },
      400,
      /inputs\.ids\[0\]\[0\]: at most/,
    ],
    [
      'a length past the tensor',
      'numbers',
      { inputs: [rows([1, 1, 2], [1, 2]), { name: 'lengths', datatype: 'INT64', shape: [1], data: [2] }] },
      400,
      /inputs\.lengths\[0\]: must be from 1 to 1, was 2/,
    ],
    [
      'a whole number past its type',
      'numbers',
      { inputs: [rows([1, 1, 2], [1, 300], 'INT8')] },
      400,
      /data\[1\]: must be INT8, was 300/,
    ],
    [
      'a state to keep',
      'numbers',
      { parameters: { sequence_id: 3, sequence_start: true }, inputs: [rows([1, 1, 2], [1, 2])] },
      400,
      /parameters\.sequence_id/,
    ],
    [
      'a setting of the wrong type',
      'writer',
      { parameters: { max_tokens: 'all' }, inputs: [texts('a')] },
      400,
      /parameters\.max_tokens/,
    ],
    [
      'nesting that is not the shape’s',
      'numbers',
      { inputs: [{ ...rows([1, 1, 2], []), data: [[[1], [2]]] }] },
      400,
      /data\[0\]/,
    ],
  ])('refuses %s, naming the field', async (_, model, body, status, says) => {
    const reply = await server.post(`/v2/models/${model}/infer`, body);
    expect(await reply.json()).toEqual({ error: expect.stringMatching(says) as string });
    expect(reply.status).toBe(status);
  });

  it('refuses bytes that are no number or no text', async () => {
    const send = async (model: string, input: object, bytes: Buffer): Promise<[number, string]> => {
      const json = Buffer.from(
        JSON.stringify({ inputs: [{ ...input, parameters: { binary_data_size: bytes.length } }] }),
      );
      const reply = await server.post(`/v2/models/${model}/infer`, '', {
        body: Buffer.concat([json, bytes]),
        headers: {
          'content-type': 'application/octet-stream',
          'inference-header-content-length': String(json.length),
        },
      });
      return [reply.status, ((await reply.json()) as { error: string }).error];
    };
    const nan = Buffer.alloc(8);
    nan.writeFloatLE(NaN, 4);
    expect(await send('numbers', { name: 'input', datatype: 'FP32', shape: [1, 1, 2] }, nan)).toEqual([
      422,
      expect.stringContaining('finite'),
    ]);
    const broken = Buffer.from([2, 0, 0, 0, 0xc3, 0x28]);
    expect(await send('classifier', { name: 'input', datatype: 'BYTES', shape: [1] }, broken)).toEqual([
      400,
      expect.stringContaining('not UTF-8'),
    ]);
    expect(
      await send(
        'classifier',
        { name: 'input', datatype: 'BYTES', shape: [1] },
        Buffer.from([9, 0, 0, 0, 65]),
      ),
    ).toEqual([400, expect.stringContaining('end too soon')]);
  });
});
