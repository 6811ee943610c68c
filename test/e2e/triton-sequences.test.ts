import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modelFolder, type ModelFolder } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// Triton's sequences over the Open Inference Protocol: requests with one sequence_id are one sequence.

let folder: ModelFolder;
let server: ServerProcess;
const files = join(import.meta.dirname, '../golden/onnx-files');
beforeAll(async () => {
  folder = modelFolder(['numbers', 'total', 'tagger', 'writer']);
  for (const name of ['tagger-forward-16', 'last-lstm-16']) {
    mkdirSync(join(folder.path, name, '1'), { recursive: true });
    cpSync(join(files, `${name}.onnx`), join(folder.path, name, '1', 'model.onnx'));
  }
  server = await startServer(folder.path);
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: number[];
  readonly data: (number | string)[];
}
const infer = async (model: string, inputs: Tensor[], parameters: object = {}) => {
  const response = await server.post(`/v2/models/${model}/infer`, { inputs, parameters });
  return { status: response.status, body: (await response.json()) as { outputs: Tensor[]; error?: string } };
};
const values = async (...request: Parameters<typeof infer>): Promise<(number | string)[]> => {
  const { status, body } = await infer(...request);
  expect(body).not.toHaveProperty('error');
  expect(status).toBe(200);
  return body.outputs[0]!.data;
};
const noise = (count: number): number[] => Array.from({ length: count }, (_, k) => Math.sin(7 * k + 1));

/** One sequence of the model's input. */
async function sequence(model: string, steps: number): Promise<(from: number, to: number) => Tensor> {
  const { inputs } = (await (await server.get(`/v2/models/${model}`)).json()) as { inputs: Tensor[] };
  const { name, datatype, shape } = inputs[0]!;
  const width = shape[2] ?? 1;
  const all = datatype === 'INT64' ? noise(steps).map((x) => Math.round(2 + x)) : noise(steps * width);
  return (from, to) => ({
    name,
    datatype,
    shape: shape.length === 2 ? [1, to - from] : [1, to - from, width],
    data: all.slice(from * width, to * width),
  });
}

test.for(['numbers', 'tagger-forward-16'])(
  'a sequence of %s in requests has the bits of the whole',
  async (model) => {
    const part = await sequence(model, 9);
    const whole = await values(model, [part(0, 9)]);
    for (const id of [7, 'seven']) {
      const found = [
        ...(await values(model, [part(0, 2)], { sequence_id: id, sequence_start: true })),
        ...(await values(model, [part(2, 3)], { sequence_id: id })),
        ...(await values(model, [part(3, 9)], { sequence_id: id, sequence_end: true })),
      ];
      expect(found).toEqual(whole);
      expect((await infer(model, [part(0, 1)], { sequence_id: id })).status).toBe(404);
    }
  },
);

test('a start begins the sequence again, and other ids are other sequences', async () => {
  const part = await sequence('numbers', 4);
  const start = { sequence_id: 1, sequence_start: true };
  const first = await values('numbers', [part(0, 2)], start);
  await values('numbers', [part(2, 4)], { sequence_id: 1 });
  expect(await values('numbers', [part(0, 2)], start)).toEqual(first);
  expect((await infer('numbers', [part(0, 1)], { sequence_id: '1' })).status).toBe(404);
});

test('an answer a sequence is that of the sequence so far', async () => {
  const part = await sequence('total', 5);
  await values('total', [part(0, 2)], { sequence_id: 3, sequence_start: true });
  expect(await values('total', [part(2, 5)], { sequence_id: 3 })).toEqual(
    await values('total', [part(0, 5)]),
  );
});

test('says why a model keeps no state between requests', async () => {
  const text: Tensor = { name: 'input', datatype: 'BYTES', shape: [1], data: ['abc'] };
  const refused = await infer('tagger', [text], { sequence_id: 1, sequence_start: true });
  expect(refused.status).toBe(409);
  expect(refused.body.error).toContain('reads the whole sequence');
});

test('a file whose tensors its whole graph gives is sent to its steps', async () => {
  const part = await sequence('last-lstm-16', 5);
  const refused = await infer('last-lstm-16', [part(0, 2)], { sequence_id: 3, sequence_start: true });
  expect(refused.status).toBe(409);
  expect(refused.body.error).toContain('/v1/sessions');
});

test('a batch of two is no part of one sequence', async () => {
  const two: Tensor = { name: 'input', datatype: 'FP32', shape: [2, 1, 2], data: [1, 2, 3, 4] };
  const refused = await infer('numbers', [two], { sequence_id: 1, sequence_start: true });
  expect(refused.status).toBe(400);
  expect(refused.body.error).toContain('a state belongs to a single sequence');
});
