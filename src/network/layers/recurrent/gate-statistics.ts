import type { Cell } from '../../../cells/cell.ts';
import type { CellActivationType, CellOptions } from '../../../cells/options.ts';
import type { ColumnOrder } from '../../../kernel/pack.ts';
import type { GateStatistics } from '../../learning/layer.ts';

const saturated = 0.01;
const still = 1e-3;

/** A gate by name, and its activation, which says where its values are saturated; null for a sum as it is. */
interface GateRange {
  readonly name: string;
  readonly activation: CellActivationType | null;
}

/** The gates of a cell. The only gate of a cell is named by its activation. */
export const gateRanges = ({ gates }: Cell, options: CellOptions): GateRange[] =>
  gates.map(({ name, activation: role }) => {
    const activation = role && options[role].type;
    return { name: gates.length === 1 && activation ? activation : name, activation };
  });

/** @param order row of the gates' matrix, [gates × units], of each column of gates [packed][columns] */
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
  const gateOf = order.map((row) => (row < 0 ? -1 : Math.floor(row / units)));
  for (let row = 0; row < packed; row++)
    for (let column = 0; column < columns; column++) {
      const gate = gateOf[column]!;
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
      if (gateOf[column] !== index) continue;
      const mean = sums[column]! / packed;
      const spread = Math.sqrt(Math.max(0, squares[column]! / packed - mean * mean));
      if (activation === 'relu' ? squares[column] === 0 : spread < still) dead++;
    }
    return { gate, closed: closed[index]! / (packed * units), open: open[index]! / (packed * units), dead };
  });
}

/** Whether a value is at the low or the high end of its activation's range. */
function saturation(activation: CellActivationType | null, value: number): [low: boolean, high: boolean] {
  if (activation === 'relu') return [value === 0, false];
  if (activation === 'tanh') return [value <= saturated - 1, value >= 1 - saturated];
  if (activation === 'sigmoid') return [value <= saturated, value >= 1 - saturated];
  return [false, false];
}
