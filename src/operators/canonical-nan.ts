import type { Values } from './operand.ts';

/**
 * Writes every NaN with the same bits. Which NaN an operation gives depends on how V8 has compiled it so far,
 * and a sequence's numbers must not. @returns the same values
 */
export function canonicaliseNan<V extends Values | Float32Array>(values: V): V {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = NaN;
  return values;
}
