import type { Cell } from '../../../cells/cell.ts';
import type { CellActivationType, CellOptions } from '../../../cells/options.ts';
import type { ColumnOrder } from '../../../kernel/pack.ts';
import type { GateStatistics } from '../../learning/layer.ts';

const saturationMargin = 0.01;
const minDeviation = 1e-3;

/** A gate's name, and its activation, which determines saturation; null for no activation. */
interface GateRange {
  readonly name: string;
  readonly activation: CellActivationType | null;
}

/** The gates of a cell. The gate of a cell with one gate is named after its activation. */
export const gateRanges = ({ gates }: Cell, options: CellOptions): GateRange[] =>
  gates.map(({ name, activation: role }) => {
    const activation = role && options[role].type;
    return { name: gates.length === 1 && activation ? activation : name, activation };
  });

/**
 * Saturation of gate values [packed][columns].
 * @param order for each column its row in the gates' matrix [gates × units], or −1
 */
export function gateStatistics(
  ranges: readonly GateRange[],
  gates: Float32Array,
  { packed, order, units }: { packed: number; order: ColumnOrder; units: number },
): GateStatistics[] {
  const columns = order.length;
  const sums = new Float64Array(columns);
  const squares = new Float64Array(columns);
  const closed = new Float64Array(ranges.length);
  const open = new Float64Array(ranges.length);
  const columnGates = order.map((row) => (row < 0 ? -1 : Math.floor(row / units)));
  for (let row = 0; row < packed; row++)
    for (let column = 0; column < columns; column++) {
      const gate = columnGates[column]!;
      if (gate < 0) continue;
      const value = gates[row * columns + column]!;
      sums[column] = sums[column]! + value;
      squares[column] = squares[column]! + value * value;
      const [low, high] = saturation(ranges[gate]!.activation, value);
      if (low) closed[gate] = closed[gate]! + 1;
      if (high) open[gate] = open[gate]! + 1;
    }
  return ranges.map(({ name: gate, activation }, index) => {
    let dead = 0;
    for (let column = 0; column < columns; column++) {
      if (columnGates[column] !== index) continue;
      const mean = sums[column]! / packed;
      const deviation = Math.sqrt(Math.max(0, squares[column]! / packed - mean * mean));
      if (activation === 'relu' ? squares[column] === 0 : deviation < minDeviation) dead++;
    }
    return { gate, closed: closed[index]! / (packed * units), open: open[index]! / (packed * units), dead };
  });
}

/** Whether a value is at the low or the high end of its activation's range. */
function saturation(activation: CellActivationType | null, value: number): [low: boolean, high: boolean] {
  if (activation === 'relu') return [value === 0, false];
  if (activation === 'tanh') return [value <= saturationMargin - 1, value >= 1 - saturationMargin];
  if (activation === 'sigmoid') return [value <= saturationMargin, value >= 1 - saturationMargin];
  return [false, false];
}
