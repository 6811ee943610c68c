import { describe, expect, it } from 'vitest';
import { inferOutput } from '../../../src/formats/operators/infer-output.ts';
import type { OperatorGraphSpec } from '../../../src/network/layers/operator-graph/schema.ts';

/** x [1, steps, 2] through one operator with integer constants. */
const draft = (
  operator: string,
  numbers: number[],
  input: Partial<OperatorGraphSpec['input']> = {},
): OperatorGraphSpec => ({
  type: 'operator_graph',
  runs: 'sequence',
  input: { value: 'x', shape: [1, -1, 2], context: 0, ...input },
  output: { value: 'y', gives: 'step' },
  units: 1,
  states: [],
  wholeConstants: { numbers: { kind: 'int', shape: [numbers.length], values: numbers } },
  constants: {},
  operators: [
    { operator: 'ReduceMax', inputs: ['x'], outputs: ['most'], attributes: { axes: [1] } },
    { operator, inputs: [operator === 'Reshape' ? 'x' : 'most', 'numbers'], outputs: ['y'] },
  ],
});
const answer = (...of: Parameters<typeof draft>) => {
  const { units, output } = inferOutput(draft(...of), new Map());
  return { units, ...output, value: undefined };
};

describe('inferOutput', () => {
  it.each<[string, Parameters<typeof draft>, object]>([
    ['a row a step', ['Reshape', [1, -1, 2]], { units: 2, gives: 'step' }],
    ['one row', ['Tile', [1, 1, 4]], { units: 8, gives: 'sequence' }],
    ['so many rows, whatever the length', ['Tile', [1, 4, 1]], { units: 8, gives: 'sequence', rows: 4 }],
    [
      'the rows of the one length there is',
      ['Reshape', [1, 4, 3], { steps: 6 }],
      { units: 12, gives: 'sequence', rows: 4 },
    ],
    ['a row for each of so many steps', ['Reshape', [1, -1, 2], { steps: 6 }], { units: 2, gives: 'step' }],
    ['rows of one step', ['Tile', [1, 4, 1], { steps: 1 }], { units: 8, gives: 'sequence', rows: 4 }],
  ])('%s', (_, of, expected) => {
    expect(answer(...of)).toEqual(expected);
  });

  it('refuses an output that does not grow by a fixed size per step', () => {
    const padded = draft('Pad', [0, 1, 0, 0, 0, 0]);
    const operators = [{ operator: 'Pad', inputs: ['x', 'numbers'], outputs: ['y'] }];
    expect(() => inferOutput({ ...padded, operators }, new Map())).toThrow(
      'the output has 196 numbers for 97 steps and 180 for 89: must be the same number per step, or per sequence',
    );
  });

  it('refuses shapes that do not match', () => {
    expect(() => inferOutput(draft('Reshape', [-1, 4]), new Map())).toThrow(/Reshape .* to \[48\.5, 4\]/);
  });
});
