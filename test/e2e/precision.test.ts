import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modelFolder, models, type ModelFolder } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// Models with quantised weights beside the same with float32 ones, over HTTP.

let folder: ModelFolder;
let server: ServerProcess;
beforeAll(async () => {
  folder = modelFolder(['numbers', 'writer']);
  folder.write('numbers', 2, { ...models.numbers, precision: 'int8' });
  folder.write('numbers', 3, { ...models.numbers, precision: 'int16' });
  folder.write('writer', 2, { ...models.writer, precision: 'int8' });
  folder.write('nothing', 1, {
    task: 'predict',
    precision: 'int8',
    inputs: { kind: 'numeric', features: [{ name: 'x' }] },
    network: { layers: [{ type: 'conv1d', units: 3, kernel: 2 }] },
  });
  folder.write('half', 1, models.numbers);
  const file = join(folder.path, 'half/1/model.json');
  const half = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...half, precision: 'int4' }));
  server = await startServer(folder.path);
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

// oxlint-disable-next-line typescript/no-explicit-any -- replies of many shapes
type Json = any;
async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  return { status: response.status, body: await response.json() };
}
const post = async (path: string, body: unknown): Promise<Json> => (await call('POST', path, body)).body;
const input = Array.from({ length: 40 }, (_, t) => [Math.sin(t), Math.cos(3 * t)]);
const predict = async (model: string, more: object = {}): Promise<number[][]> =>
  (await post(`/v1/models/${model}/predict`, { input, ...more })).predictions[0].output;

test('the API shows the precision of a version, whose weights take less memory', async () => {
  const details = await Promise.all([1, 2].map((version) => call('GET', `/v1/models/writer@${version}`)));
  expect(details.map(({ body }) => body.precision)).toEqual(['float32', 'int8']);
  const [float32, int8] = details;
  expect(int8!.body.weight_bytes).toBeLessThan(0.7 * float32!.body.weight_bytes);
  expect(int8!.body.parameters).toBe(float32!.body.parameters);
});

test('quantised weights answer nearly as float32 ones do', async () => {
  const exact = await predict('numbers@1');
  const distance = (rows: number[][]): number =>
    Math.max(...rows.flatMap((row, t) => row.map((value, k) => Math.abs(value - exact[t]![k]!))));
  const [int8, int16] = [distance(await predict('numbers@2')), distance(await predict('numbers@3'))];
  expect(int16).toBeGreaterThan(0);
  expect(int16).toBeLessThan(int8);
  // of outputs that are scaled by 10
  expect(int8).toBeLessThan(0.2);
});

test('a session of a quantised model answers in parts what it answers in one piece, bit for bit', async () => {
  const whole = await predict('numbers@2');
  const { id } = await post('/v1/sessions', { model: 'numbers@2' });
  const parts: number[][] = [];
  for (const [from, to] of [
    [0, 1],
    [1, 7],
    [7, 40],
  ])
    parts.push(
      ...(await post(`/v1/sessions/${id}/steps`, { input: input.slice(from, to) })).predictions[0].output,
    );
  expect(parts).toEqual(whole);
});

test('a state moves to a model of the same precision only', async () => {
  const { id } = await post('/v1/sessions', { model: 'numbers@2' });
  await post(`/v1/sessions/${id}/steps`, { input: input.slice(0, 5) });
  const bytes = await (await fetch(`${server.url}/v1/sessions/${id}/snapshot`)).arrayBuffer();
  const snapshot = Buffer.from(bytes).toString('base64');
  const move = (model: string) => call('POST', '/v1/sessions', { model, snapshot });
  expect((await move('numbers@2')).status).toBe(200);
  for (const other of ['numbers@1', 'numbers@3'])
    expect(await move(other)).toMatchObject({ status: 409, body: { code: 'session_conflict' } });
});

test('a seed writes the same text again, alone and beside others', async () => {
  const body = { prompt: 'a', max_tokens: 60, seed: 7, temperature: 1 };
  const alone = await post('/v1/models/writer@2/generate', body);
  const beside = await Promise.all(
    Array.from({ length: 12 }, (_, i) => post('/v1/models/writer@2/generate', { ...body, seed: i })),
  );
  expect(beside[7].choices).toEqual(alone.choices);
});

test('a precision that there is not, or that nothing has, is refused with the field', async () => {
  const half = await call('GET', '/v1/models/half');
  expect(JSON.stringify(half.body)).toContain('model.json: precision: Invalid option');
  const nothing = await call('GET', '/v1/models/nothing');
  expect(JSON.stringify(nothing.body)).toContain(
    'precision: is of recurrent and dense layers, the network has none: was int8',
  );
});
