import type { Weights } from '../../network/weights.ts';
import { spectralRadius } from './spectral-radius.ts';

/** Larger matrices would take longer to judge than to train for a while. */
const largest = 512;

/** The spectral radius of every recurrent matrix, gate by gate: by tensor, gates in the tensor's order. */
export function spectralRadii(weights: Weights): Record<string, number[]> {
  const radii: Record<string, number[]> = {};
  for (const [name, { shape, values }] of weights) {
    const [rows = 0, units = 0] = shape;
    if (!name.endsWith('.weight_hh') || units > largest) continue;
    radii[name] = Array.from({ length: rows / units }, (_, gate) =>
      spectralRadius(values.subarray(gate * units * units, (gate + 1) * units * units), units),
    );
  }
  return radii;
}
