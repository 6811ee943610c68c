import type { CellOptions } from '../cell-options.ts';
import { gruResetAfterCellWith, gruResetBeforeCellWith } from './gru.ts';
import { lstmCellWith } from './lstm.ts';
import type { Cell } from './recurrent.ts';
import { rnnCellWith } from './rnn.ts';

interface CellKind {
  readonly cell: 'rnn' | 'lstm' | 'gru';
  /** Of a GRU. */
  readonly reset: 'before' | 'after';
}

/** A kind of cell with what it is told beyond its equations. */
export function cellWith({ cell, reset }: CellKind, options: CellOptions): Cell {
  if (cell === 'lstm') return lstmCellWith(options);
  if (cell === 'rnn') return rnnCellWith(options);
  return reset === 'before' ? gruResetBeforeCellWith(options) : gruResetAfterCellWith(options);
}
