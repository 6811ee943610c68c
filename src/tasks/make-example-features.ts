import type { NumericInput } from '../network/spec.ts';

/** Where the values of an example lie, in scales from the mean: no two of neighbouring steps are the same. */
const offsets = [0.5, -0.5, 0.25];

/** Makes a sequence of values that the features may have. [steps][features] */
export const makeFeatures = ({ features }: NumericInput, steps: number): number[][] =>
  Array.from({ length: steps }, (_, t) =>
    features.map(({ mean, scale }, k) =>
      shorten(mean + scale * offsets[(t + k) % offsets.length]!, scale / 10),
    ),
  );

/** The shortest decimal number that differs from a value by less than the tolerance. */
function shorten(value: number, tolerance: number): number {
  for (let digits = 1; digits < 17; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.abs(rounded - value) < tolerance) return rounded;
  }
  return value;
}
