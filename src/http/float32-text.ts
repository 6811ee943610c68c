import { requireFinite } from '../tasks/finite.ts';
import type { TimeSlice } from '../time-slice.ts';

/**
 * The number with the fewest digits that is still this float32: 0.1 rather than 0.10000000149011612. Nine significant
 * digits always are enough, so no bit is lost in JSON.
 * @throws UnrollError internal for NaN and ±∞, which JSON cannot represent
 */
export function shortestFloat32(value: number): number {
  requireFinite(value);
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return Number(value.toPrecision(9));
}

const numbersPerCheck = 4096;

/** The same of many numbers, in slices. @throws UnrollError internal, cancelled */
export async function toShortestNumbers(values: Float32Array, slice: TimeSlice): Promise<number[]> {
  const numbers: number[] = [];
  for (let i = 0; i < values.length; i++) {
    numbers.push(shortestFloat32(values[i]!));
    if (i % numbersPerCheck === numbersPerCheck - 1 && slice.due()) await slice.next();
  }
  return numbers;
}
