import type { FunctionBuilder, V128Local } from '../kernel/assembler/function-builder.ts';
import type { GateSum, RowAddresses, SweepCell } from '../kernel/emit/sweep.ts';
import { panelBytes } from '../kernel/layout.ts';
import type { Cell, Gate } from './cell.ts';
import { optionsLabel, type CellOptions } from './options.ts';

const sumByProduct: Readonly<Record<Gate['product'], GateSum>> = {
  combined_bias: 'projection',
  separate_bias: 'recurrent_bias',
  none: 'input_only',
};

/** A cell as the kernel sweeps it. */
export function toSweepCell(cell: Cell, options: CellOptions): SweepCell {
  const sums = new Map(cell.gates.map(({ name, product }) => [name, sumByProduct[product]]));
  return {
    name: cell.label?.(options) ?? `${cell.name}${optionsLabel(options)}`,
    constantPanels: Math.max(
      1,
      separateGates(cell).length + (options.peepholes ? cell.peepholes!.length : 0),
    ),
    phases: cell.phases(options).map(({ gates, operand, update }) => ({
      gates: gates.map((gate) => sums.get(gate)!),
      operand,
      update,
    })),
  };
}

/**
 * Gates whose recurrent bias stays separate: one at most, and its bias is the first of the layer's constants.
 */
const separateGates = ({ gates }: Cell): readonly Gate[] =>
  gates.filter(({ product }) => product === 'separate_bias');

/**
 * The same cell for training: every gate's value takes the place of its input projection in `pre`, and what
 * the phases record goes to `c`. The arithmetic is the serving cell's, so a network learns with the bits that
 * it will serve with.
 */
export function toRecordingCell(cell: Cell, options: CellOptions): SweepCell {
  const sweep = toSweepCell(cell, options);
  const records = cell.phases(options).map(({ record }) => record);
  return {
    ...sweep,
    name: `${sweep.name}_recording`,
    phases: sweep.phases.map((phase, index) => ({
      ...phase,
      update: (f, e, gates, at) => {
        records[index]?.sums?.(f, gates, at);
        phase.update(f, e, gates, at);
        storeGates(f, gates, at);
        records[index]?.values?.(f, gates, at);
      },
    })),
  };
}

/**
 * The same cell for one row whose gates are reported: their values take the place of their input projections
 * in `pre`, and c is the cell's own.
 */
export function toObservedCell(cell: Cell, options: CellOptions): SweepCell {
  const sweep = toSweepCell(cell, options);
  return {
    ...sweep,
    name: `${sweep.name}_observed`,
    singleRow: true,
    phases: sweep.phases.map((phase) => ({
      ...phase,
      update: (f, e, gates, at) => {
        phase.update(f, e, gates, at);
        storeGates(f, gates, at);
      },
    })),
  };
}

const storeGates = (
  f: FunctionBuilder,
  gates: readonly (readonly V128Local[])[],
  { pre }: Pick<RowAddresses, 'pre'>,
): void =>
  gates.forEach((gate, g) => gate.forEach((value, v) => f.store(pre, value, g * panelBytes + v * 16)));
