import { describe, expect, it } from 'vitest';
import { splitConstants } from '../../../src/formats/operators/constants.ts';
import type { Operand } from '../../../src/operators/operand.ts';
import { runGraph } from '../../operators/run-graph.ts';

const constant = (kind: Operand['kind'], values: number[]): Operand => ({
  kind,
  shape: [values.length],
  values: Float64Array.from(values),
  known: true,
});

describe('the integers among a graph’s constants', () => {
  it('are tensors that are cast where they have up to 16 bits, whatever their number', () => {
    const weights = Array.from({ length: 200_000 }, (_, i) => (i % 256) - 128);
    const operators = [{ operator: 'Neg', inputs: ['w'], outputs: ['y'] }];
    const split = splitConstants({ constants: new Map([['w', constant('int8', weights)]]), operators });
    expect(split.whole).toEqual({});
    const floats = [...split.floats].map(([name, tensor]): [string, Operand] => [
      name,
      { kind: 'float', known: true, ...tensor },
    ]);
    const [y] = runGraph({ operators: split.operators, outputs: ['y'] }, new Map(floats));
    // −(−128) is −128 in eight bits
    expect(y!.kind).toBe('int8');
    expect([...y!.values.subarray(0, 3)]).toEqual([-128, 127, 126]);
  });

  it('are in model.json where they have more bits, up to 100,000', () => {
    const sizes = new Map([['sizes', constant('int', [1, 2])]]);
    expect(splitConstants({ constants: sizes, operators: [] }).whole).toEqual({
      sizes: { kind: 'int', shape: [2], values: [1, 2] },
    });
    const many = new Map([['many', constant('int32', Array<number>(100_001).fill(7))]]);
    expect(() => splitConstants({ constants: many, operators: [] })).toThrow(
      '100001 integers among its constants, the limit is 100000',
    );
  });
});
