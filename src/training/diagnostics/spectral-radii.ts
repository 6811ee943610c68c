import type { Weights } from '../../network/weights.ts';
import { spectralRadius } from './spectral-radius.ts';

/** Larger matrices are skipped: their radius takes too long to compute. */
const maxUnits = 512;

/** The spectral radii of every recurrent matrix by tensor, one a gate in the tensor's order. */
export function spectralRadii(weights: Weights): Record<string, number[]> {
  const radii: Record<string, number[]> = {};
  for (const [name, { shape, values }] of weights) {
    const [rows = 0, units = 0] = shape;
    if (!name.endsWith('.weight_hh') || units > maxUnits) continue;
    radii[name] = Array.from({ length: rows / units }, (_, gate) =>
      spectralRadius(values.subarray(gate * units * units, (gate + 1) * units * units), units),
    );
  }
  return radii;
}
