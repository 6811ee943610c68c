import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder, models } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';

// Triton's model repository and statistics extensions over a real server that watches its folder.

const folder = modelFolder();
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, { MAX_STEPS: 5000, WORKERS: 1 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const texts = (...data: string[]) => ({
  inputs: [{ name: 'input', datatype: 'BYTES', shape: [data.length], data }],
});
const json = async <T = Record<string, unknown>>(path: string): Promise<T> =>
  (await (await server.get(path)).json()) as T;
const ask = async (path: string, body: unknown = ''): Promise<[status: number, body: unknown]> => {
  const reply = await server.post(path, body);
  return [reply.status, await reply.json()];
};
const load = (model: string) => ask(`/v2/repository/models/${model}/load`);
const unload = (model: string) => ask(`/v2/repository/models/${model}/unload`);
const index = async (model: string) =>
  (await server.ask<{ name: string }[]>('/v2/repository/index', {})).filter(({ name }) => name === model);

describe('a model that is unloaded on request', () => {
  it('is unavailable on every route until it is loaded again', async () => {
    const before = await server.metric('unroll_kernel_memory_bytes');
    expect(await unload('tagger')).toEqual([200, {}]);
    const why = 'it was unloaded on request';
    expect(await index('tagger')).toEqual([
      { name: 'tagger', version: '1', state: 'UNAVAILABLE', reason: why },
    ]);
    expect(await ask('/v2/models/tagger/infer', texts('abc'))).toEqual([
      503,
      { error: `model tagger@1 cannot be served: ${why}` },
    ]);
    const ready = await server.get('/v2/models/tagger/ready');
    expect([ready.status, await ready.json()]).toEqual([503, { name: 'tagger', ready: false }]);
    expect((await server.get('/v2/models/tagger')).status).toBe(503);
    expect(await ask('/v1/models/tagger/tag', { input: 'abc' })).toEqual([
      503,
      expect.objectContaining({ code: 'model_not_ready' }),
    ]);
    expect(await json('/v1/models/tagger')).toMatchObject({ ready: false, error: why });
    const { data } = await json<{ data: { id: string }[] }>('/v1/models');
    expect(data.find(({ id }) => id === 'tagger')).toMatchObject({ ready: false, error: why });
    // it is not broken
    expect(await server.metric('unroll_models_failed')).toBe(0);
    await until(async () => (await server.metric('unroll_kernel_memory_bytes')) < before);

    expect(await load('tagger')).toEqual([200, {}]);
    expect(await index('tagger')).toMatchObject([{ state: 'READY', reason: '' }]);
    expect((await ask('/v2/models/tagger/infer', texts('abc')))[0]).toBe(200);
    expect(await server.metric('unroll_kernel_memory_bytes')).toBe(before);
  });

  it('stays unloaded although its folder changes and is watched', async () => {
    expect(await unload('total')).toEqual([200, {}]);
    // in the form that Triton's clients use
    const dependents = { parameters: { unload_dependents: false } };
    expect(await ask('/v2/repository/models/total/unload', dependents)).toEqual([200, {}]);
    folder.write('total', 2, models.total);
    await until(async () => (await index('total')).length === 2, 15_000);
    await delay(300);
    expect(await index('total')).toMatchObject([{ state: 'UNAVAILABLE' }, { state: 'UNAVAILABLE' }]);
    expect(await load('total@2')).toEqual([200, {}]);
    expect(await index('total')).toMatchObject([
      { version: '2', state: 'READY' },
      { version: '1', state: 'UNAVAILABLE' },
    ]);
    expect(await load('total')).toEqual([200, {}]);
    expect(await index('total')).toMatchObject([{ state: 'READY' }, { state: 'READY' }]);
  });

  it('finishes requests in flight', async () => {
    const long = ask('/v1/models/writer/generate', { prompt: 'ab', max_tokens: 3000, seed: 1 });
    await until(async () => (await server.metric('unroll_sequences_active')) > 0);
    expect(await unload('writer')).toEqual([200, {}]);
    expect((await ask('/v1/models/writer/generate', { prompt: 'ab' }))[0]).toBe(503);
    const [status, body] = await long;
    expect(status).toBe(200);
    expect((body as { generations: { finish_reason: string }[] }).generations).toHaveLength(1);
    expect(await load('writer')).toEqual([200, {}]);
  });

  it('is refused for an unknown model or an invalid request', async () => {
    const paths = ['load', 'unload'].map((what) => `/v2/repository/models/nobody/${what}`);
    for (const path of paths) expect(await ask(path)).toEqual([404, { error: 'there is no model nobody' }]);
    expect(await load('tagger@9')).toEqual([404, { error: 'model tagger has no version 9' }]);
    expect(await load('a%2Fb')).toEqual([400, { error: expect.stringContaining('is not "name"') as string }]);
    expect(
      await ask('/v2/repository/models/tagger/load', { parameters: { config: '{"max_batch_size": 8}' } }),
    ).toEqual([400, { error: 'parameters.config: there is no such field' }]);
    expect(
      await ask('/v2/repository/models/tagger/unload', { parameters: { unload_dependents: 'yes' } }),
    ).toEqual([400, { error: expect.stringMatching(/^parameters\.unload_dependents: /) as string }]);
    expect(await index('tagger')).toMatchObject([{ state: 'READY' }]);
    mkdirSync(join(folder.path, 'broken/1'), { recursive: true });
    writeFileSync(join(folder.path, 'broken/1/model.json'), '{"schema": 1}');
    expect(await load('broken')).toEqual([
      422,
      { error: expect.stringMatching(/^broken@1 cannot be served: model\.json: /) as string },
    ]);
  });

  it.each<[what: string, init: object]>([
    ['a body without a type', { body: '{"parameters": {}}', headers: {} }],
    ['plain text', { body: '{}', headers: { 'content-type': 'text/plain;charset=utf-8' } }],
    ['an empty body of JSON', { body: '', headers: { 'content-type': 'application/json' } }],
    ['no body', { body: null, headers: {} }],
  ])('may be asked for with %s, as other clients do', async (_, init) => {
    // undici sets a content type for a string, not for bytes
    const { body, headers } = init as { body: string | null; headers: Record<string, string> };
    const bytes = body === null ? null : Buffer.from(body);
    for (const what of ['unload', 'load']) {
      const path = `/v2/repository/models/tagger/${what}`;
      const reply = await server.get(path, { method: 'POST', body: bytes, headers });
      expect([what, reply.status, await reply.json()]).toEqual([what, 200, {}]);
    }
    const reply = await server.get('/v2/models/tagger/infer', {
      method: 'POST',
      body: Buffer.from(JSON.stringify(texts('abc'))),
    });
    expect(reply.status).toBe(200);
  });
});

interface Duration {
  readonly count: number;
  readonly ns: number;
}
interface Statistics {
  readonly name: string;
  readonly version: string;
  readonly last_inference: number;
  readonly inference_count: number;
  readonly execution_count: number;
  readonly inference_stats: Readonly<Record<string, Duration>>;
  readonly batch_stats: readonly { batch_size: number; compute_infer: Duration }[];
}
const statistics = async (path: string): Promise<Statistics[]> =>
  (await json<{ model_stats: Statistics[] }>(`/v2/models${path}/stats`)).model_stats;

describe('the statistics', () => {
  it('count requests, sequences and batches of each version', async () => {
    folder.write('counted', 1, models.classifier);
    await load('counted');
    expect(await statistics('/counted')).toMatchObject([
      { name: 'counted', version: '1', last_inference: 0, inference_count: 0, batch_stats: [] },
    ]);
    const before = Date.now();
    for (let i = 0; i < 3; i++) await ask('/v2/models/counted/infer', texts('abc', 'abcd'));
    await ask('/v1/models/counted/classify', { input: 'abc' });
    await ask('/v2/models/counted/infer', { inputs: [{ ...texts('a').inputs[0], name: 'other' }] });
    const [one] = await statistics('/counted/versions/1');
    const { success, fail, queue, compute_input, compute_infer, compute_output } = one!.inference_stats;
    expect([success!.count, fail!.count]).toEqual([4, 1]);
    expect([queue!.count, compute_infer!.count, one!.inference_count]).toEqual([7, 7, 7]);
    expect([compute_input!.count, compute_output!.count]).toEqual([3, 3]);
    for (const { ns } of [success!, fail!, compute_input!, compute_infer!, compute_output!])
      expect(ns).toBeGreaterThan(0);
    expect(one!.last_inference).toBeGreaterThanOrEqual(before);
    // no other requests: a batch has one or two rows
    expect(one!.batch_stats.map(({ batch_size: size }) => size)).toEqual(expect.arrayContaining([1, 2]));
    expect(Math.max(...one!.batch_stats.map(({ batch_size: size }) => size))).toBe(2);
    expect(one!.batch_stats.reduce((sum, { compute_infer: { count } }) => sum + count, 0)).toBe(
      one!.execution_count,
    );
    for (const { compute_infer: ran } of one!.batch_stats) expect(ran.ns).toBeGreaterThan(0);
  });

  it('continue when a version is unloaded and loaded, and end with its folder', async () => {
    await unload('counted');
    const [unloaded] = await statistics('/counted');
    expect(unloaded!.inference_count).toBe(7);
    await load('counted');
    await ask('/v2/models/counted/infer', texts('abc'));
    const [again] = await statistics('/counted');
    expect(again!.inference_count).toBe(8);
    expect(again!.execution_count).toBeGreaterThan(unloaded!.execution_count);
    folder.write('counted', 2, models.classifier);
    await load('counted@2');
    expect((await statistics('/counted')).map(({ version, inference_count: n }) => [version, n])).toEqual([
      ['2', 0],
      ['1', 8],
    ]);
    const all = await statistics('');
    expect(new Set(all.map(({ name }) => name))).toContain('tagger');
    rmSync(join(folder.path, 'counted'), { recursive: true });
    await until(async () => (await server.get('/v2/models/counted/stats')).status === 404, 15_000);
    expect((await statistics('')).some(({ name }) => name === 'counted')).toBe(false);
  });

  it('count a stream whose client disconnects as a failure', async () => {
    const before = (await statistics('/writer'))[0]!.inference_stats;
    const abort = new AbortController();
    const reply = await server.post(
      '/v1/models/writer/generate',
      { prompt: 'ab', max_tokens: 3000, stream: true },
      { signal: abort.signal },
    );
    await reply.body!.getReader().read();
    abort.abort();
    const failures = async () => (await statistics('/writer'))[0]!.inference_stats['fail']!.count;
    await expect.poll(failures).toBe(before['fail']!.count + 1);
  });

  it.each([
    ['/nobody', 'there is no model nobody'],
    ['/tagger/versions/9', 'model tagger has no version 9'],
  ])('are refused for %s', async (path, message) => {
    const reply = await server.get(`/v2/models${path}/stats`);
    expect([reply.status, await reply.json()]).toEqual([
      404,
      { error: expect.stringContaining(message) as string },
    ]);
  });

  it('are listed in the server’s extensions', async () => {
    expect(await json('/v2')).toMatchObject({
      extensions: ['binary_tensor_data', 'classification', 'model_repository', 'sequence', 'statistics'],
    });
  });
});
