import { padded, panelWidth, countPanels } from './layout.ts';
import { gatesWithProduct, type SweepCell } from './emit/sweep.ts';

// Packs row-major matrices, as PyTorch has them, into panels of 16 columns: [panel][inner][16].

/** Rows of a weight matrix in the order their columns are packed; −1 is a column of zeros. */
export type ColumnOrder = Int32Array;

/** The order of a dense layer: unchanged. */
export function denseOrder(columns: number): ColumnOrder {
  return Int32Array.from({ length: padded(columns) }, (_, column) => (column < columns ? column : -1));
}

/**
 * The order of a recurrent layer's input matrix [gates·units]: by phase, then group of 16 units, then gate.
 */
export const inputOrder = ({ phases }: SweepCell, units: number): ColumnOrder =>
  phaseOrder(
    phases.map(({ gates }) => gates.length),
    units,
  );

/** The order of its recurrent matrix, which has rows of the gates with a product only. */
export const productOrder = ({ phases }: SweepCell, units: number): ColumnOrder =>
  phaseOrder(
    phases.map((phase) => gatesWithProduct(phase).length),
    units,
  );

/** @param gateCounts gates of each phase; their rows follow one another */
function phaseOrder(gateCounts: readonly number[], units: number): ColumnOrder {
  const order: number[] = [];
  let gatesBefore = 0;
  for (const gates of gateCounts) {
    for (let group = 0; group < countPanels(units); group++)
      for (let gate = 0; gate < gates; gate++)
        for (let lane = 0; lane < panelWidth; lane++) {
          const unit = group * panelWidth + lane;
          order.push(unit < units ? (gatesBefore + gate) * units + unit : -1);
        }
    gatesBefore += gates;
  }
  return Int32Array.from(order);
}

/** matrix [rows, inner] → packed [panels][inner][16] */
export function packMatrix(
  matrix: Float32Array,
  inner: number,
  order: ColumnOrder,
  packed: Float32Array,
): void {
  for (let column = 0; column < order.length; column++) {
    const row = order[column]!;
    const panel = Math.floor(column / panelWidth) * panelWidth * inner;
    const lane = column % panelWidth;
    for (let k = 0; k < inner; k++)
      packed[panel + k * panelWidth + lane] = row < 0 ? 0 : matrix[row * inner + k]!;
  }
}

/** bias [rows] → packed [columns] */
export function packVector(vector: ArrayLike<number>, order: ColumnOrder, packed: Float32Array): void {
  order.forEach((row, column) => {
    packed[column] = row < 0 ? 0 : vector[row]!;
  });
}

/** `count` vectors of [units], one after the other → [group of 16 units][count][16] */
export function packByGroup(
  vectors: ArrayLike<number>,
  count: number,
  units: number,
  packed: Float32Array,
): void {
  for (let which = 0; which < count; which++)
    for (let unit = 0; unit < units; unit++) {
      const group = Math.floor(unit / panelWidth);
      packed[(group * count + which) * panelWidth + (unit % panelWidth)] = vectors[which * units + unit]!;
    }
}
