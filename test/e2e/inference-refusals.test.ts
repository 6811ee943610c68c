import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelFolder } from './model-folder.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// What the Open Inference Protocol refuses, over a real server.

const folder = modelFolder();
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(folder.path, { MAX_STEPS: 500 });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const texts = (...data: string[]) => ({ name: 'input', datatype: 'BYTES', shape: [data.length], data });
const rows = (shape: number[], data: number[], datatype = 'FP32') => ({
  name: 'input',
  datatype,
  shape,
  data,
});

describe('the inference protocol', () => {
  it.each<[what: string, model: string, body: object | string, status: number, says: RegExp]>([
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
    [
      'an input twice',
      'classifier',
      { inputs: [texts('a'), texts('b')] },
      400,
      /^inputs\[1\]\.name: input was given twice$/,
    ],
    ['a huge shape', 'numbers', { inputs: [rows([1e6, 1e6, 2], [1])] }, 400, /at most 16777216 elements/],
    [
      'a dimension that is none',
      'numbers',
      { inputs: [rows([1.5, 1, 2], [1])] },
      400,
      /a dimension must be a whole number from 0, was 1\.5/,
    ],
    ['a batch of none', 'numbers', { inputs: [rows([0, 1, 2], [])] }, 422, /no steps/],
    ['a sequence of none', 'numbers', { inputs: [rows([1, 0, 2], [])] }, 422, /\[1, 0, 2\] has no steps/],
    ['millions of none', 'numbers', { inputs: [rows([8e6, 0, 2], [])] }, 422, /has no steps/],
    ['billions of none', 'numbers', { inputs: [rows([4e9, 0, 2], [])] }, 400, /at most 16777216 elements/],
    [
      'an input of another name',
      'numbers',
      { inputs: [{ ...rows([1, 1, 2], [1, 2]), name: 'x' }] },
      400,
      /inputs\[0\]\.name: must be one of input, lengths, was "x"/,
    ],
    [
      'an element too few',
      'numbers',
      { inputs: [rows([1, 2, 2], [1, 2, 3])] },
      400,
      /inputs\[0\]\.data: must have 4 elements for \[1, 2, 2\], was given 3/,
    ],
    [
      'a negative dimension',
      'numbers',
      { inputs: [rows([-1, 1, 2], [1, 2])] },
      400,
      /a dimension must be a whole number from 0, was -1/,
    ],
    [
      'a number past all',
      'numbers',
      '{"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 1, 2], "data": [1, 1e999]}]}',
      422,
      /finite/,
    ],
    [
      'NaN, which JSON has not',
      'numbers',
      '{"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 1, 2], "data": [1, NaN]}]}',
      400,
      /JSON/,
    ],
    [
      'a sequence that was not started',
      'writer',
      { parameters: { sequence_id: 'user-7' }, inputs: [texts('a')] },
      404,
      /parameters\.sequence_id: writer has no sequence "user-7": its first request must have sequence_start/,
    ],
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
      { parameters: { sequence_id: 3.5, sequence_start: true }, inputs: [rows([1, 1, 2], [1, 2])] },
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
    ).toEqual([400, expect.stringContaining('ends after the tensor’s bytes')]);
  });
});
