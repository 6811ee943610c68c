import type { TestedCell } from '../kernel/self-test.ts';
import type { Cell } from './cell.ts';
import { plainActivation, usualOptions, type CellOptions } from './options.ts';
import { referenceStep } from './reference-step.ts';
import { cellChoices, findCell } from './registry.ts';
import { toSweepCell } from './sweep.ts';

/** Has the operations that only options emit: constants of a model, comparisons, peepholes. */
const unusual = (cell: Cell): CellOptions => ({
  gate: { type: 'hard_sigmoid', alpha: 0.2, beta: 0.5 },
  // at 0 it is relu, and a last bit decides nothing
  candidate: { type: 'thresholded_relu', alpha: 0, beta: 0 },
  output: plainActivation('softsign'),
  clip: 2,
  inputForget: false,
  peepholes: cell.supports.includes('peepholes'),
});

/** Every cell, as published and with its options. */
const exact: readonly TestedCell[] = cellChoices.map(findCell).flatMap((cell) => {
  const step = referenceStep(cell);
  const variants = [usualOptions];
  if (cell.supports.includes('activation'))
    variants.push({ ...usualOptions, candidate: plainActivation('relu') });
  if (cell.supports.includes('peepholes')) variants.push(unusual(cell));
  return variants.map((options): TestedCell => ({
    cell: toSweepCell(cell, options),
    step: (weights, x, state) => step(weights, x, state, options),
  }));
});

/** The products of integers: the cells only differ in what they do with the sums. */
const quantised = (
  [
    ['rnn', 'int16'],
    ['gru', 'int8'],
  ] as const
).map(([name, precision]): TestedCell => {
  const cell = findCell({ cell: name, reset: 'before' });
  const step = referenceStep(cell);
  return {
    cell: { ...toSweepCell(cell, usualOptions), precision },
    step: (weights, x, state) => step(weights, x, state, usualOptions),
  };
});

export const selfTestCells: readonly TestedCell[] = [...exact, ...quantised];
