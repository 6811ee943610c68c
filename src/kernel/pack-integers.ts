import { countPanels, panelBytes, panelWidth } from './layout.ts';
import { integerPanelBytes } from './emit/integer-product.ts';
import type { ColumnOrder } from './pack.ts';
import type { IntegerFormat } from './precision.ts';

// Quantises row-major matrices and packs them into panels of 16 columns (emit/integer-product.ts).

const maxSum = 2 ** 31 - 1;

/** Rows as long as this are quantised: the sum of a longer row may not fit int32 at any useful scale. */
export const maxInner = 65_536;

/**
 * The scale of a row of weights: each becomes round(w / scale). The largest weight decides, and for a long row the sum of
 * all magnitudes, so that no sum with activations of any sign leaves int32; rounding adds at most ½ a weight.
 */
function weightScale(row: Float32Array, { maxWeight, maxActivation }: IntegerFormat): number {
  let largest = 0;
  let sum = 0;
  for (const weight of row) {
    const magnitude = Math.abs(weight);
    largest = Math.max(largest, magnitude);
    sum += magnitude;
  }
  const scale = Math.max(largest / maxWeight, sum / (maxSum / maxActivation - row.length / 2 - 1));
  return Math.fround(scale) || 1;
}

export const packedIntegerBytes = (format: IntegerFormat, inner: number, columns: number): number =>
  countPanels(columns) * integerPanelBytes(format, inner);

/**
 * matrix [rows, inner] → panels of scales, corrections and integers
 * @param order rows in the order of columns
 */
export function packIntegers(
  matrix: Float32Array,
  inner: number,
  order: ColumnOrder,
  format: IntegerFormat,
  packed: Uint8Array,
): void {
  const { group, offset, maxWeight } = format;
  const stride = integerPanelBytes(format, inner);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  order.forEach((row, column) => {
    if (row < 0) return;
    const panel = Math.floor(column / panelWidth) * stride;
    const lane = column % panelWidth;
    const weights = matrix.subarray(row * inner, (row + 1) * inner);
    const scale = weightScale(weights, format);
    let sum = 0;
    for (let k = 0; k < inner; k++) {
      const weight = Math.max(-maxWeight, Math.min(maxWeight, Math.round(weights[k]! / scale)));
      const at = panel + 2 * panelBytes + Math.floor(k / group) * panelBytes + lane * 4;
      if (group === 4) view.setInt8(at + (k % group), weight);
      else view.setInt16(at + (k % group) * 2, weight, true);
      sum += weight;
    }
    view.setFloat32(panel + lane * 4, scale, true);
    view.setInt32(panel + panelBytes + lane * 4, -sum * offset, true);
  });
}
