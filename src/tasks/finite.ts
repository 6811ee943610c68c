import { UnrollError } from '../errors.ts';

/** The number itself. @throws UnrollError internal for NaN and ±∞: a network that overflows has no result */
export function requireFinite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new UnrollError('internal', `the network gave ${value}, which is out of a float32's range`);
}
