import { requireFinite } from '../tasks/finite.ts';
import type { TimeSlice } from '../time-slice.ts';

// Rows of different lengths as one tensor, filled up to the longest row.

const elementsPerCheck = 4096;

/** @returns [rows, length], 0 past a row's end @throws UnrollError internal for NaN and ±∞, cancelled */
export async function padNumbers(
  rows: readonly Float32Array[],
  length: number,
  slice: TimeSlice,
): Promise<Float32Array> {
  const values = new Float32Array(rows.length * length);
  let checked = 0;
  for (const [i, row] of rows.entries()) {
    values.set(row, i * length);
    for (let k = 0; k < row.length; k++) {
      requireFinite(row[k]!);
      if (++checked % elementsPerCheck === 0 && slice.due()) await slice.next();
    }
  }
  return values;
}

/** @returns [rows, length], '' past a row's end @throws UnrollError cancelled */
export async function padTexts<T>(
  rows: readonly (readonly T[])[],
  length: number,
  toText: (element: T) => string,
  slice: TimeSlice,
): Promise<string[]> {
  const texts: string[] = [];
  for (const row of rows)
    for (let k = 0; k < length; k++) {
      texts.push(k < row.length ? toText(row[k]!) : '');
      if (texts.length % elementsPerCheck === 0 && slice.due()) await slice.next();
    }
  return texts;
}
