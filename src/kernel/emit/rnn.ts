import {
  activationLabel,
  optionsLabel,
  plainActivation,
  usualOptions,
  type CellOptions,
} from '../cell-options.ts';
import type { Cell } from './recurrent.ts';
import { squashGates } from './squash-gates.ts';

/** Plain recurrent cell (Elman 1990): h' = tanh, or another activation, of (W x + b + R h). */
export function rnnCellWith(options: CellOptions): Cell {
  const { candidate } = squashGates(options);
  const others = optionsLabel({ ...options, candidate: usualOptions.candidate });
  return {
    name: `rnn_${activationLabel(options.candidate)}${others}`,
    phases: [
      {
        start: ['pre'],
        operand: 'h',
        update: (f, e, [h], at) => {
          candidate(f, e, h!);
          h!.forEach((value, v) => f.store(at.y, value, v * 16));
        },
      },
    ],
  };
}

export const rnnCell = (activation: 'tanh' | 'relu'): Cell =>
  rnnCellWith({ ...usualOptions, candidate: plainActivation(activation) });
