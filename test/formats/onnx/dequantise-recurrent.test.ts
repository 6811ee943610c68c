import { describe, expect, it } from 'vitest';
import { dequantiseRecurrent } from '../../../src/formats/onnx/dequantise-recurrent.ts';
import type { Operand } from '../../../src/operators/operand.ts';
import type { SignedGraph } from '../../../src/operators/signature.ts';

const operand = (shape: number[], ...values: number[]): Operand => ({
  kind: 'float',
  shape,
  values: Float32Array.from(values),
  known: true,
});
const inputs = ['X', 'Wq', 'Rq', 'B', 'lengths', 'h0', 'c0', '', 'Ws', 'Wz', 'Rs', 'Rz'];
const graph = (constants: Record<string, Operand>): SignedGraph => ({
  signature: { inputs: [], outputs: [] },
  operators: [
    {
      operator: 'com.microsoft.DynamicQuantizeLSTM',
      inputs,
      outputs: ['Y'],
      attributes: { hidden_size: 1 },
    },
  ],
  constants: new Map(Object.entries(constants)),
});
const constants = {
  // [1, inner 2, columns 4]
  Wq: operand([1, 2, 4], 1, 2, 3, 4, 5, 6, 7, 8),
  Ws: operand([1, 4], 1, 10, 100, 1000),
  Wz: operand([1, 4], 0, 0, 0, 0),
  // [1, inner 1, columns 4], with one scale
  Rq: operand([1, 1, 4], 128, 129, 130, 131),
  Rs: operand([1], 0.5),
  Rz: operand([1], 128),
};

describe('dequantiseRecurrent', () => {
  it('makes an LSTM of a DynamicQuantizeLSTM, with a row of float32 weights a column', () => {
    const { operators, constants: made } = dequantiseRecurrent(graph(constants));
    expect(operators).toEqual([
      {
        operator: 'LSTM',
        inputs: ['X', 'Wq as float32', 'Rq as float32', 'B', 'lengths', 'h0', 'c0', ''],
        outputs: ['Y'],
        attributes: { hidden_size: 1 },
      },
    ]);
    expect(made.get('Wq as float32')).toMatchObject({ kind: 'float', shape: [1, 4, 2] });
    expect([...made.get('Wq as float32')!.values]).toEqual([1, 5, 20, 60, 300, 700, 4000, 8000]);
    expect([...made.get('Rq as float32')!.values]).toEqual([0, 0.5, 1, 1.5]);
  });

  it.each([
    ['weights that are computed', 'Wq', undefined],
    ['a scale that is computed', 'Rs', undefined],
    ['a zero point of another shape', 'Wz', operand([2], 0, 0)],
  ])('leaves %s to the operator', (_, name, value) => {
    const given = new Map<string, Operand>(Object.entries(constants));
    if (value) given.set(name, value);
    else given.delete(name);
    const before = graph(Object.fromEntries(given));
    expect(dequantiseRecurrent(before).operators).toEqual(before.operators);
  });
});
