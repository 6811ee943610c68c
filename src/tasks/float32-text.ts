import { UnrollError } from '../errors.ts';

/**
 * The number with the fewest digits that is still this float32: 0.1 rather than 0.10000000149011612. Nine significant
 * digits always are enough, so no bit is lost in JSON.
 * @throws UnrollError internal for NaN and ±∞, which JSON cannot say
 */
export function shortestFloat32(value: number): number {
  requireFinite(value);
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return Number(value.toPrecision(9));
}

/** The number itself. @throws UnrollError internal for NaN and ±∞ */
export function requireFinite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new UnrollError('internal', `the network gave ${value}, which is out of a float32's range`);
}
