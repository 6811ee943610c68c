import { computeStrides, stridedIndexes, type Operand } from './operand.ts';

// Lines of an operand: its elements along some axes. Sums are in float64, from the first element of an axis to the last.

/** The lines of x along some axes: the index of each line's first element, and offsets from there. */
export function computeLines(
  x: Operand,
  axes: readonly number[],
): { starts: Int32Array; offsets: Int32Array } {
  const strides = computeStrides(x.shape);
  const indexesAlong = (included: boolean): Int32Array => {
    const on = x.shape.map((_, i) => i).filter((i) => axes.includes(i) === included);
    return stridedIndexes(
      on.map((i) => x.shape[i]!),
      on.map((i) => strides[i]!),
    );
  };
  return { starts: indexesAlong(false), offsets: indexesAlong(true) };
}

export const mappedSum = (
  x: Operand['values'],
  start: number,
  offsets: Int32Array,
  f: (value: number) => number,
): number => {
  let sum = 0;
  for (const offset of offsets) sum += f(x[start + offset]!);
  return sum;
};
export const plainSum = (x: Operand['values'], start: number, offsets: Int32Array): number => {
  let sum = 0;
  for (let k = 0; k < offsets.length; k++) sum += x[start + offsets[k]!]!;
  return sum;
};
export const maximum = (x: Operand['values'], start: number, offsets: Int32Array): number => {
  let max = -Infinity;
  for (const offset of offsets) max = Math.max(max, x[start + offset]!);
  return max;
};
