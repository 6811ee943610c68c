import type { Cell } from './cell.ts';
import { cifg } from './cifg.ts';
import { gru } from './gru.ts';
import { lstm } from './lstm.ts';
import { mingru } from './mingru.ts';
import { rnn } from './rnn.ts';

/** Every cell by its name in model.json: a new one is its file and a line here. */
export const cells = { rnn, lstm, gru, mingru, cifg } as const satisfies Readonly<Record<string, Cell>>;

export type CellName = keyof typeof cells;
export const cellNames = Object.keys(cells) as [CellName, ...CellName[]];

/** What a comparison of cells tries unless it says which. */
export const comparedCells: readonly CellName[] = ['rnn', 'lstm', 'gru'];

/** A layer's choice of a cell. */
export interface CellChoice {
  readonly cell: CellName;
  /** Of cells that have a reset gate. */
  readonly reset?: 'before' | 'after';
}

export function findCell({ cell, reset }: CellChoice): Cell {
  const found: Cell = cells[cell];
  return reset === 'before' && found.resetBefore ? found.resetBefore : found;
}

/** All cells, those that `reset: 'before'` chooses too, with how a layer chooses them. */
export const cellChoices: readonly CellChoice[] = cellNames.flatMap((cell): CellChoice[] => {
  const own: Cell = cells[cell];
  return own.resetBefore
    ? [
        { cell, reset: 'after' },
        { cell, reset: 'before' },
      ]
    : [{ cell }];
});

/** The cell that another format names so, undefined where none is. */
export const cellWhose = (matches: (sources: Cell['sources']) => boolean): CellName | undefined =>
  cellNames.find((name) => matches(cells[name].sources));

/** The cell of an ONNX operator. */
export const cellOfOperator = (operator: string): CellName | undefined =>
  cellWhose(({ onnx }) => onnx?.operator === operator);
