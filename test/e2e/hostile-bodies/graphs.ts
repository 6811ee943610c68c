import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel, type OnnxNode, type OnnxTensor, type OnnxValue } from '../../../bench/onnx/model.ts';
import { fill, infer, json, timeout, times, type HostileBody } from './hostile-body.ts';

// Imported graphs, and bodies of large tensors for them, or of sizes and counts that make them large.

type Type = OnnxValue['type'];
const value = (name: string, type: Type, shape: OnnxValue['shape'] = null): OnnxValue => ({
  name,
  type,
  shape,
});
const model = (
  inputs: readonly OnnxValue[],
  output: Type,
  nodes: readonly OnnxNode[],
  initializers: readonly OnnxTensor[] = [],
): Uint8Array => encodeModel({ name: 'graph', inputs, outputs: [value('y', output)], nodes, initializers });
const node = (
  operator: string,
  inputs: readonly string[],
  output = 'y',
  attributes?: OnnxNode['attributes'],
): OnnxNode => ({
  operator,
  inputs,
  outputs: [output],
  ...(attributes && { attributes }),
});
const unit: OnnxTensor = { name: 'unit', shape: [1], values: Float32Array.of(1) };
const bound = (name: string, number: bigint): OnnxTensor => ({
  name,
  shape: [],
  values: BigInt64Array.of(number),
});
const golden = (name: string): Uint8Array =>
  readFileSync(join(import.meta.dirname, `../../golden/onnx-signatures/${name}.onnx`));
const many = times(200, (i) => `x${i}`);

/** Files by the name of their model. */
export const graphModels: Readonly<Record<string, Uint8Array>> = {
  negate: model([value('x', 'float32')], 'float32', [node('Neg', ['x'])]),
  'negate-integers': model([value('x', 'int64')], 'int64', [node('Neg', ['x'])]),
  'not-flags': model([value('x', 'bool')], 'bool', [node('Not', ['x'])]),
  'sum-of-200': model(
    many.map((name) => value(name, 'float32', ['n'])),
    'float32',
    [node('Sum', many)],
  ),
  product: model([value('a', 'float32'), value('b', 'float32')], 'float32', [node('MatMul', ['a', 'b'])]),
  expand: model([value('n', 'int64')], 'float32', [node('Expand', ['unit', 'n'])], [unit]),
  tile: model([value('n', 'int64')], 'float32', [node('Tile', ['unit', 'n'])], [unit]),
  filled: model([value('n', 'int64')], 'float32', [node('ConstantOfShape', ['n'])]),
  range: model(
    [value('n', 'int64', [])],
    'float32',
    [
      node('Range', ['zero', 'n', 'one'], 'range'),
      node('Cast', ['range'], 'floats', { to: 1 }),
      node('Sin', ['floats'], 'waves'),
      node('ReduceMax', ['waves']),
    ],
    [bound('zero', 0n), bound('one', 1n)],
  ),
  'loop-given': golden('loop-count-given'),
  'lengths-given': golden('lengths-int32'),
};

const tensor = (
  name: string,
  datatype: string,
  shape: readonly number[],
  data: readonly (number | boolean)[],
) => ({
  name,
  datatype,
  shape,
  data,
});
const ask = (name: string, ...inputs: readonly object[]) => ({
  path: infer(name),
  body: json({ inputs, parameters: timeout }),
});
/** A tensor whose data is text, for what is slow to write as a list. */
const askText = (name: string, datatype: string, shape: readonly number[], data: () => string) => ({
  path: infer(name),
  body: () =>
    `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[${shape.join()}],"data":${data()}}],"parameters":{"timeout_ms":2000}}`,
});
/** A tensor of zeros in binary. @param out whether the reply is binary, too */
function askBinary(
  name: string,
  datatype: string,
  shape: readonly number[],
  bytes: number,
  out = false,
): Pick<HostileBody, 'path' | 'body' | 'headers'> {
  const header = JSON.stringify({
    inputs: [{ name: 'x', datatype, shape, parameters: { binary_data_size: bytes } }],
    parameters: { ...timeout, ...(out && { binary_data_output: true }) },
  });
  return {
    path: infer(name),
    body: () => Buffer.concat([Buffer.from(header), Buffer.alloc(bytes)]),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(Buffer.byteLength(header)),
    },
  };
}
const served = [200, 503, 504];
const tooMany = /its tensors have more than 67108864 elements|UNROLL_MAX_REPLY_BYTES/;
const sizes = (name: string, ...n: readonly number[]) => ask(name, tensor('n', 'INT64', [n.length], n));

export const bodiesForGraphs: Readonly<Record<string, HostileBody>> = {
  '380,000 floats for a graph': {
    ...askText('negate', 'FP32', [380_000], () => `[${fill('0.12345678,', 11 * 379_999)}1]`),
    statuses: [...served, 422],
  },
  '900,000 floats for a graph': {
    ...askText('negate', 'FP32', [900_000], () => `[${fill('1.5,', 4 * 899_999)}1]`),
    statuses: [...served, 422],
  },
  '450,000 rows of a number for a graph': {
    ...askText('negate', 'FP32', [450_000, 1], () => `[${fill('[1],', 4 * 449_999)}[1]]`),
    statuses: [...served, 422],
  },
  'data 1,000,000 lists deep for a graph': {
    ...askText('negate', 'FP32', [1], () => `${'['.repeat(1e6)}1${']'.repeat(1e6)}`),
    statuses: [422],
  },
  'data 60 lists deep for a graph': {
    ...askText('negate', 'FP32', [1], () => `${'['.repeat(58)}1${']'.repeat(58)}`),
    statuses: [200, 400],
  },
  '900,000 integers for a graph': {
    ...askText('negate-integers', 'INT64', [900_000], () => `[${fill('123,', 4 * 899_999)}1]`),
    statuses: [...served, 422],
  },
  'a fraction at the end of 900,000 integers': {
    ...askText('negate-integers', 'INT64', [900_000], () => `[${fill('123,', 4 * 899_999)}1.5]`),
    statuses: [400, 422],
  },
  '700,000 booleans for a graph': {
    ...askText('not-flags', 'BOOL', [700_000], () => `[${fill('true,', 5 * 699_999)}false]`),
    statuses: [...served, 422],
  },
  '900,000 texts for a graph of floats': {
    ...askText('negate', 'BYTES', [900_000], () => `[${fill('"a",', 4 * 899_999)}"a"]`),
    statuses: [400, 422],
  },
  'texts in binary for a graph of floats': {
    ...askBinary('negate', 'BYTES', [1_000_000], 4_000_000),
    statuses: [400],
  },
  '1,000,000 binary floats, answered in JSON': {
    ...askBinary('negate', 'FP32', [1_000_000], 4_000_000),
    statuses: [...served, 422],
  },
  '600,000 binary floats, answered in JSON': {
    ...askBinary('negate', 'FP32', [600_000], 2_400_000),
    statuses: served,
  },
  '1,000,000 binary floats, answered in binary': {
    ...askBinary('negate', 'FP32', [1000, 1000], 4_000_000, true),
    statuses: served,
  },
  '500,000 binary integers, answered in JSON': {
    ...askBinary('negate-integers', 'INT64', [500_000], 4_000_000),
    statuses: served,
  },
  '500,000 binary integers, answered in binary': {
    ...askBinary('negate-integers', 'INT64', [500_000], 4_000_000, true),
    statuses: served,
  },
  '4,000,000 binary booleans': {
    ...askBinary('not-flags', 'BOOL', [4_000_000], 4_000_000),
    statuses: [...served, 422],
  },
  '600,000 binary booleans, answered in JSON': {
    ...askBinary('not-flags', 'BOOL', [600_000], 600_000),
    statuses: served,
  },
  '200 inputs of 2,000 numbers': {
    ...ask(
      'sum-of-200',
      ...many.map((name) =>
        tensor(
          name,
          'FP32',
          [2000],
          times(2000, (i) => i),
        ),
      ),
    ),
    statuses: served,
  },
  '40,000 inputs': {
    ...ask('negate', ...times(40_000, (i) => tensor(`x${i}`, 'FP32', [1], [1]))),
    statuses: [400, 422],
  },
  'an output asked for 256 times': {
    path: infer('negate'),
    body: json({
      inputs: [
        tensor(
          'x',
          'FP32',
          [20_000],
          times(20_000, (i) => i / 7),
        ),
      ],
      outputs: times(256, () => ({ name: 'y' })),
      parameters: timeout,
    }),
    statuses: [200, 400, 422],
  },
  'a shape of more than there is': {
    ...ask(
      'negate',
      tensor(
        'x',
        'FP32',
        times(16, () => 2 ** 52),
        [1],
      ),
    ),
    statuses: [400],
  },
  'a shape without elements': {
    ...ask('negate', tensor('x', 'FP32', [2 ** 40, 0], [])),
    statuses: [200, 400],
  },
  'a product of 700 × 700': {
    ...ask(
      'product',
      tensor(
        'a',
        'FP32',
        [700, 700],
        times(490_000, () => 1),
      ),
      tensor(
        'b',
        'FP32',
        [700, 700],
        times(490_000, () => 1),
      ),
    ),
    statuses: [...served, 422],
  },
  'a product larger than its tensors': {
    ...ask(
      'product',
      tensor(
        'a',
        'FP32',
        [200_000, 1],
        times(200_000, () => 1),
      ),
      tensor(
        'b',
        'FP32',
        [1, 200_000],
        times(200_000, () => 1),
      ),
    ),
    statuses: [422],
    says: tooMany,
  },
  ...Object.fromEntries(
    ['expand', 'tile', 'filled'].flatMap((name): [string, HostileBody][] => [
      [`more than memory of ${name}`, { ...sizes(name, 2 ** 40), statuses: [422], says: tooMany }],
      [`60,000,000 numbers of ${name}`, { ...sizes(name, 60_000_000), statuses: [422], says: tooMany }],
      [`600,000 numbers of ${name}`, { ...sizes(name, 600_000), statuses: served }],
    ]),
  ),
  'nine dimensions of expand': { ...sizes('expand', ...times(9, () => 1)), statuses: [200, 400, 422] },
  'a range of 2⁴⁰': { ...ask('range', tensor('n', 'INT64', [], [2 ** 40])), statuses: [422], says: tooMany },
  'a range of 8,000,000': { ...ask('range', tensor('n', 'INT64', [], [8e6])), statuses: served },
  '60,000 lengths of one step': {
    ...ask(
      'lengths-given',
      tensor(
        'x',
        'FP32',
        [60_000, 1, 2],
        times(120_000, () => 1),
      ),
      tensor(
        'lens',
        'INT32',
        [60_000],
        times(60_000, () => 1),
      ),
    ),
    statuses: [...served, 400, 422],
  },
  'a loop of 2⁵² iterations': {
    ...ask(
      'loop-given',
      tensor(
        'x',
        'FP32',
        [2, 3],
        times(6, () => 1),
      ),
      tensor('n', 'INT64', [], [2 ** 52]),
    ),
    statuses: [400, 422],
  },
  'a loop of 60,000 iterations': {
    ...ask(
      'loop-given',
      tensor(
        'x',
        'FP32',
        [2, 3],
        times(6, () => 1),
      ),
      tensor('n', 'INT64', [], [60_000]),
    ),
    statuses: served,
  },
};
