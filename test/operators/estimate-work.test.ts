import { expect, it } from 'vitest';
import { estimateWork } from '../../src/operators/estimate-work.ts';
import type { Operand } from '../../src/operators/operand.ts';
import type { OperatorSpec } from '../../src/operators/spec.ts';

const operand = (shape: number[], known = false): Operand => ({
  kind: 'float',
  shape,
  values: new Float32Array(0),
  known,
});
const operator = (name: string, attributes: OperatorSpec['attributes'] = {}): OperatorSpec => ({
  operator: name,
  inputs: [],
  outputs: [],
  attributes,
});

// by hand: the larger of what is read and written, and its multiply-adds by 16, or by 2 without the kernel
it.each<[what: string, ...Parameters<typeof estimateWork>, elements: number]>([
  ['an element of any operator', operator('Tanh'), [operand([4, 8])], [operand([4, 8])], false, 33],
  ['what a reduction reads', operator('ReduceSum'), [operand([64, 8])], [operand([8])], false, 513],
  ['what a slice gives', operator('Slice'), [operand([64, 8])], [operand([1, 8])], false, 9],
  [
    'the windows of a pool',
    operator('MaxPool', { kernel_shape: [4] }),
    [operand([1, 2, 11])],
    [operand([1, 2, 8])],
    false,
    23 + 32,
  ],
  [
    'nothing of constants',
    operator('Gather'),
    [operand([1000, 4], true), operand([3])],
    [operand([3, 4])],
    false,
    13,
  ],
  [
    'a product on the kernel',
    operator('MatMul'),
    [operand([2, 32]), operand([32, 8], true)],
    [operand([2, 8])],
    true,
    65 + 32,
  ],
  [
    'a product of two inputs',
    operator('MatMul'),
    [operand([2, 32]), operand([32, 8])],
    [operand([2, 8])],
    false,
    321 + 256,
  ],
  [
    'a transposed Gemm',
    operator('Gemm', { transA: 1 }),
    [operand([32, 2]), operand([32, 8], true)],
    [operand([2, 8])],
    true,
    65 + 32,
  ],
  [
    'a convolution',
    operator('Conv'),
    [operand([1, 4, 16]), operand([8, 4, 3], true)],
    [operand([1, 8, 14])],
    true,
    113 + 84,
  ],
  [
    'every row of a recurrence',
    operator('LSTM'),
    [operand([5, 2, 4]), operand([1, 32, 4], true), operand([1, 32, 8], true)],
    [operand([5, 1, 2, 8])],
    false,
    81 + 240,
  ],
])('counts %s', (_, spec, inputs, outputs, onKernel, elements) => {
  expect(estimateWork(spec, inputs, outputs, onKernel)).toBe(elements);
});
