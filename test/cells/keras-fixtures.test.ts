import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gruResetBefore } from '../../src/cells/gru-reset-before.ts';
import { lstm } from '../../src/cells/lstm.ts';
import { plainActivation, usualOptions, type CellOptions } from '../../src/cells/options.ts';
import { referenceStep, zeroState, type CellStep, type CellWeights } from '../../src/cells/reference-step.ts';
import { rnn } from '../../src/cells/rnn.ts';

// Cases that keras-js (MIT) had made by Keras 2 with random weights, where they lie beside the project. They are printed
// with six decimals. Keras keeps kernels as [in, G·units], with LSTM gates i, f, g, o and GRU gates z, r, n.

const folder = new URL('../../../shared/real/keras-fixtures/', import.meta.url);

interface Matrix {
  data: number[];
  shape: number[];
}
interface Fixture {
  input: Matrix;
  weights: [kernel: Matrix, recurrent: Matrix, bias?: Matrix];
  expected: Matrix;
}

/** What each numbered case was made with; a stateful one is the second run of two. */
const cases: { sequences?: true; backwards?: true; stateful?: true; sigmoid?: true }[] = [
  {},
  { sigmoid: true },
  { sequences: true },
  { backwards: true },
  { sequences: true, backwards: true },
  { stateful: true },
  { sequences: true, stateful: true },
  { backwards: true, stateful: true },
  { sequences: true, backwards: true, stateful: true },
];

const cells: Record<string, { order: number[]; step: CellStep }> = {
  LSTM: { order: [0, 1, 2, 3], step: referenceStep(lstm) },
  GRU: { order: [1, 0, 2], step: referenceStep(gruResetBefore) },
  SimpleRNN: { order: [0], step: referenceStep(rnn) },
};
const sigmoid = plainActivation('sigmoid');
const smooth: CellOptions = { ...usualOptions, candidate: sigmoid, output: sigmoid };
const hard: CellOptions = { ...usualOptions, gate: { type: 'hard_sigmoid', alpha: 0.2, beta: 0.5 } };

describe('Keras', () => {
  if (!existsSync(folder)) {
    it('fixtures are absent, and the message says where they would be', () => {
      const message = `Keras fixtures are absent: nothing at ${folder.pathname}`;
      console.info(message);
      expect(message).toContain('shared/real/keras-fixtures');
    });
    return;
  }
  describe.each(Object.keys(cells))('%s', (cell) => {
    const fixtures = JSON.parse(readFileSync(new URL(`${cell}.json`, folder), 'utf8')) as Record<
      string,
      Fixture
    >;
    it.each(cases.map((options, k) => ({ k, options })))('case $k: $options', ({ k, options }) => {
      const { input, weights, expected } = fixtures[`recurrent.${cell}.${k}`]!;
      const { order, step } = cells[cell]!;
      const rows = matrixRows(input);
      const xs = options.backwards ? rows.toReversed() : rows;
      const units = weights[1].shape[0]!;
      const hs = run(
        step,
        cellWeights(weights, order),
        options.stateful ? [...xs, ...xs] : xs,
        units,
        options.sigmoid ? smooth : hard,
      );
      const seen = hs.slice(options.sequences ? -xs.length : -1).flat();
      expect(seen.length).toBe(expected.data.length);
      expected.data.forEach((value, index) => expect(Math.abs(seen[index]! - value)).toBeLessThan(4e-6));
    });
  });
});

function run(
  step: CellStep,
  weights: CellWeights,
  xs: number[][],
  units: number,
  options: CellOptions,
): number[][] {
  let state = zeroState(units);
  return xs.map((x) => {
    state = step(weights, x, state, options);
    return [...state.h];
  });
}

function cellWeights([kernel, recurrent, bias]: Fixture['weights'], order: number[]): CellWeights {
  const columns = kernel.shape[1]!;
  const units = columns / order.length;
  const rows = order.flatMap((gate) => Array.from({ length: units }, (_, unit) => gate * units + unit));
  // [in, G·units] → [G·units, in]
  const transposed = (matrix: Matrix): number[] => {
    const lines = matrixRows(matrix);
    return rows.flatMap((column) => lines.map((line) => line[column]!));
  };
  return {
    weightIh: transposed(kernel),
    weightHh: transposed(recurrent),
    biasIh: rows.map((column) => bias?.data[column] ?? 0),
    biasHh: rows.map(() => 0),
  };
}

const matrixRows = ({ data, shape: [rows, columns] }: Matrix): number[][] =>
  Array.from({ length: rows! }, (_, row) => data.slice(row * columns!, (row + 1) * columns!));
