import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel, type OnnxNode, type OnnxTensor, type OnnxValue } from '../../../bench/onnx/model.ts';
import { times } from './hostile-body.ts';

// Imported graphs that a request can make large.

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
/** The inputs of `sum-of-200`. */
export const many = times(200, (i) => `x${i}`);

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
