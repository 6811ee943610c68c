import { describe, expect, it } from 'vitest';
import { readInference, writeInference } from '../../../src/http/v2/inference-body.ts';
import type { WireTensor } from '../../../src/open-inference/tensor.ts';

const pair = (parameters: object): object => ({ name: 'x', datatype: 'UINT8', shape: [2], parameters });
/** JSON of inputs with such sizes, and then so many bytes. */
function binary(sizes: readonly unknown[], bytes: number): { body: Buffer; length: string } {
  const inputs = sizes.map((size) => pair(size === undefined ? {} : { binary_data_size: size }));
  const json = Buffer.from(JSON.stringify({ inputs }));
  return { body: Buffer.concat([json, Buffer.alloc(bytes, 7)]), length: String(json.length) };
}

describe('a request of bytes', () => {
  it('assigns its bytes to the inputs in order', async () => {
    const { body, length } = binary([2, 2], 4);
    body.set([1, 2, 3, 4], Number(length));
    expect((await readInference(body, length)).inputs.map(({ values }) => values)).toEqual([
      Float64Array.of(1, 2),
      Float64Array.of(3, 4),
    ]);
  });

  it('may be JSON alone, with no header', async () => {
    const json = Buffer.from(JSON.stringify({ inputs: [{ ...pair({}), data: [5, 6] }] }));
    for (const length of [undefined, String(json.length)])
      expect((await readInference(json, length)).inputs[0]!.values).toEqual([5, 6]);
  });

  it.each<[what: string, sizes: unknown[], bytes: number, says: string]>([
    [
      'more than there are',
      [3],
      2,
      'inputs[0].parameters.binary_data_size: must be a whole number, at most the 2 bytes left in the body, was 3',
    ],
    [
      'more than the first leave',
      [2, 2],
      3,
      'inputs[1].parameters.binary_data_size: must be a whole number, at most the 1 bytes left in the body, was 2',
    ],
    ['fewer than there are', [2], 5, 'body: 3 bytes follow the last input'],
    ['none, though there are some', [undefined], 2, 'inputs[0].data: is missing'],
    ['other than the shape', [1], 1, 'inputs[0]: must have 2 bytes for [2] of UINT8, was given 1'],
    ['below none', [-2], 2, 'at most the 2 bytes left in the body, was -2'],
    ['a half', [1.5], 2, 'at most the 2 bytes left in the body, was 1.5'],
    ['a text', ['2'], 2, 'at most the 2 bytes left in the body, was "2"'],
    ['past all numbers', [1e300], 2, 'at most the 2 bytes left in the body, was 1e+300'],
  ])('whose sizes are %s is refused', async (_, sizes, bytes, says) => {
    const { body, length } = binary(sizes, bytes);
    await expect(readInference(body, length)).rejects.toThrow(says);
  });

  it.each(['-1', '1e9', 'NaN', '1.5', 'abc'])('whose header says %s is refused', async (length) => {
    await expect(readInference(binary([2], 2).body, length)).rejects.toThrow(
      /^inference-header-content-length: must be the bytes of the JSON, at most \d+, was /,
    );
  });

  it('whose header says 0 is bytes alone, and so is its answer', async () => {
    const body = Buffer.from([1, 2]);
    expect(await readInference(body, '0')).toMatchObject({ raw: body, inputs: [], binary: true });
  });

  it('asks for all outputs with an empty list, and null is as if it was not there', async () => {
    const inputs = [{ ...pair({ binary_data_size: null }), data: [5, 6], parameters: null }];
    const call = await readInference({ inputs, outputs: [], id: null, parameters: null }, undefined);
    expect(call).toMatchObject({ id: undefined, outputs: undefined, parameters: {} });
  });

  it.each(['', '10'])('whose JSON does not end where the header says (%j) is refused', async (length) => {
    await expect(readInference(binary([2], 2).body, length)).rejects.toThrow(
      expect.objectContaining({ code: 'malformed_json' }),
    );
  });
});

describe('a request', () => {
  const input = { name: 'x', datatype: 'FP32', shape: [1], data: [1] };
  it.each<[what: string, body: unknown, says: RegExp]>([
    ['no body', undefined, /^body: /],
    ['a list', [], /^body: /],
    ['no inputs', {}, /^inputs: /],
    ['inputs that are none', { inputs: [] }, /^inputs: /],
    ['257 inputs', { inputs: Array.from({ length: 257 }, () => input) }, /^inputs: /],
    ['an unknown datatype', { inputs: [{ ...input, datatype: 'FP17' }] }, /^inputs\.0\.datatype: /],
    ['a shape that is none', { inputs: [{ ...input, shape: 'x' }] }, /^inputs\.0\.shape: /],
    ['a dimension that is none', { inputs: [{ ...input, shape: [null] }] }, /^inputs\.0\.shape\.0: /],
    ['a name that is none', { inputs: [{ ...input, name: 7 }] }, /^inputs\.0\.name: /],
    ['an id that is none', { id: 7, inputs: [input] }, /^id: /],
    ['no data', { inputs: [{ ...input, data: undefined }] }, /^inputs\[0\]\.data: is missing/],
  ])('with %s is refused, naming the field', async (_, body, says) => {
    await expect(readInference(body, undefined)).rejects.toThrow(says);
  });
});

describe('an inference reply', () => {
  const outputs: WireTensor[] = [
    { name: 'a', datatype: 'UINT8', shape: [2], values: [1, 2] },
    { name: 'b', datatype: 'BYTES', shape: [1], values: ['é'] },
  ];
  const asked = (rest: object) =>
    readInference({ inputs: [{ ...pair({}), data: [0, 0] }], ...rest }, undefined);
  const model = { name: 'm', version: 3 };

  it('is JSON by default', async () => {
    expect(await writeInference(model, await asked({ id: '7' }), outputs)).toEqual({
      json: {
        model_name: 'm',
        model_version: '3',
        id: '7',
        outputs: [
          { name: 'a', datatype: 'UINT8', shape: [2], data: [1, 2] },
          { name: 'b', datatype: 'BYTES', shape: [1], data: ['é'] },
        ],
      },
    });
  });

  it('may have some outputs as bytes and others as JSON', async () => {
    const call = await asked({
      parameters: { binary_data_output: true },
      outputs: [{ name: 'b' }, { name: 'a', parameters: { binary_data: false } }],
    });
    const answer = await writeInference(model, call, outputs);
    if ('json' in answer) throw new Error('it is JSON alone');
    const { chunks, jsonLength } = answer;
    const bytes = Buffer.concat(chunks);
    expect((JSON.parse(bytes.toString('utf8', 0, jsonLength)) as { outputs: unknown }).outputs).toEqual([
      { name: 'b', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 6 } },
      { name: 'a', datatype: 'UINT8', shape: [2], data: [1, 2] },
    ]);
    expect([...bytes.subarray(jsonLength)]).toEqual([2, 0, 0, 0, 0xc3, 0xa9]);
  });

  it('has booleans as such, and numbers that JSON does not have in binary only', async () => {
    const mask: WireTensor = { name: 'mask', datatype: 'BOOL', shape: [2], values: [0, 1] };
    const call = await asked({});
    expect(await writeInference(model, call, [mask])).toMatchObject({
      json: { outputs: [{ data: [false, true] }] },
    });
    for (const values of [Float32Array.of(0, -Infinity), [0, -Infinity]]) {
      const score: WireTensor = { name: 'score', datatype: 'FP32', shape: [2], values };
      await expect(writeInference(model, call, [score])).rejects.toMatchObject({
        code: 'not_finite',
        message: expect.stringContaining('outputs.score[1]: is -Infinity'),
      });
      const answer = await writeInference(model, { ...call, binary: true }, [score]);
      if ('json' in answer) throw new Error('it is JSON alone');
      expect(Buffer.concat(answer.chunks).readFloatLE(answer.jsonLength + 4)).toBe(-Infinity);
    }
  });

  it('refuses an output that the model does not have', async () => {
    const call = await asked({ outputs: [{ name: 'c' }] });
    await expect(writeInference(model, call, outputs)).rejects.toThrow(
      'outputs[0].name: must be one of a, b, was "c"',
    );
  });
});
