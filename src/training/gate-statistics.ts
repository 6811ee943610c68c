import type { ColumnOrder } from '../kernel/pack.ts';
import type { GateStatistics } from './layer.ts';

const saturated = 0.01;
const still = 1e-3;

/**
 * How every gate stood over a batch. gates [packed][columns], squashed; order tells which row of the gates' matrix, [gates ×
 * units], a column is.
 */
export function gateStatistics(
  names: readonly string[],
  gates: Float32Array,
  { packed, order, units }: { packed: number; order: ColumnOrder; units: number },
): GateStatistics[] {
  const columns = order.length;
  const sums = new Float64Array(columns);
  const squares = new Float64Array(columns);
  const closed = new Float64Array(names.length);
  const open = new Float64Array(names.length);
  const gateOf = order.map((row) => (row < 0 ? -1 : Math.floor(row / units)));
  for (let row = 0; row < packed; row++)
    for (let column = 0; column < columns; column++) {
      const gate = gateOf[column]!;
      if (gate < 0) continue;
      const value = gates[row * columns + column]!;
      sums[column] = sums[column]! + value;
      squares[column] = squares[column]! + value * value;
      const [low, high] = ends(names[gate]!, value);
      if (low) closed[gate] = closed[gate]! + 1;
      if (high) open[gate] = open[gate]! + 1;
    }
  return names.map((gate, index) => {
    let dead = 0;
    for (let column = 0; column < columns; column++) {
      if (gateOf[column] !== index) continue;
      const mean = sums[column]! / packed;
      const spread = Math.sqrt(Math.max(0, squares[column]! / packed - mean * mean));
      if (gate === 'relu' ? squares[column] === 0 : spread < still) dead++;
    }
    return { gate, closed: closed[index]! / (packed * units), open: open[index]! / (packed * units), dead };
  });
}

/** Whether a value is at the low or the high end of its gate's range: 0 … 1, −1 … 1, or from 0 on. */
function ends(gate: string, value: number): [low: boolean, high: boolean] {
  if (gate === 'relu') return [value === 0, false];
  if (gate === 'candidate' || gate === 'tanh') return [value <= saturated - 1, value >= 1 - saturated];
  return [value <= saturated, value >= 1 - saturated];
}
