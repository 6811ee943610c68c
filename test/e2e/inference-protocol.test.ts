import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conformance } from '../conformance/conformance.ts';
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
      const results = await conformance({ url: server.url, model, parameters: { seed: 1 }, control: true });
      expect(results.filter(({ wrong }) => wrong !== null)).toEqual([]);
      expect(results.length).toBeGreaterThan(38);
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

  it.each([
    [
      'classifier',
      [['input', 'BYTES', [-1]]],
      ['ids', 'lengths'],
      [
        ['label', 'BYTES', [-1]],
        ['scores', 'FP32', [-1, 3]],
      ],
    ],
    [
      'tagger',
      [['input', 'BYTES', [-1]]],
      ['ids', 'lengths'],
      [
        ['labels', 'BYTES', [-1, -1]],
        ['scores', 'FP32', [-1, -1]],
        ['lengths', 'INT64', [-1]],
        ['tokens', 'BYTES', [-1, -1]],
        ['starts', 'INT64', [-1, -1]],
        ['ends', 'INT64', [-1, -1]],
      ],
    ],
    ['writer', [['input', 'BYTES', [-1]]], [], [['text', 'BYTES', [-1]]]],
    [
      'numbers',
      [['input', 'FP32', [-1, -1, 2]]],
      ['lengths'],
      [
        ['output', 'FP32', [-1, -1, 2]],
        ['lengths', 'INT64', [-1]],
      ],
    ],
    ['total', [['input', 'FP32', [-1, -1, 1]]], ['lengths'], [['output', 'FP32', [-1, 1]]]],
  ])(
    'names the tensors of %s, with -1 for the batch and for time',
    async (model, inputs, optional, outputs) => {
      const metadata = (await (await server.get(`/v2/models/${model}`)).json()) as {
        inputs: Output[];
        outputs: Output[];
        parameters: { optional_inputs: Output[] };
      };
      const shown = (tensors: (Output & { datatype?: string })[]) =>
        tensors.map(({ name, datatype, shape }) => [name, datatype, shape]);
      expect(metadata).toMatchObject({ name: model, versions: ['1'], platform: 'unroll' });
      expect(shown(metadata.inputs)).toEqual(inputs);
      expect(shown(metadata.outputs)).toEqual(outputs);
      expect(metadata.parameters.optional_inputs.map(({ name }) => name)).toEqual(optional);
    },
  );

  it('takes numbers of any type', async () => {
    const of = async (datatype: string) =>
      (await infer('numbers', { inputs: [rows([1, 2, 2], [1, 0, 3, 2], datatype)] }))['output']!.data;
    const expected = await of('FP32');
    for (const datatype of [
      'UINT8',
      'UINT16',
      'UINT32',
      'UINT64',
      'INT8',
      'INT16',
      'INT32',
      'INT64',
      'FP16',
      'FP64',
    ])
      expect([datatype, await of(datatype)]).toEqual([datatype, expected]);
  });

  it('gives the same output as the model’s task, for texts and for ids', async () => {
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

  it('distinguishes a model that cannot be served from one that does not exist', async () => {
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
});
