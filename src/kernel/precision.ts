// How the weights of a matrix product are stored, and what is computed with them. Quantised, weights and activations are
// integers with a scale for each row of weights and for each row of activations; an output is
// start + (Σₖ w[k]·a[k]) · (weight scale · activation scale). The sum is exact in any order, so a row's bits are the same
// alone and in any batch.

export const precisions = ['float32', 'int16', 'int8'] as const;
export type Precision = (typeof precisions)[number];

export interface IntegerFormat {
  /** Weights lie in ± this. */
  readonly maxWeight: number;
  /** Activations lie in ± this. */
  readonly maxActivation: number;
  /** What is added to an activation when it is stored. */
  readonly offset: number;
  /** Inner columns that one instruction multiplies, in 4 bytes. */
  readonly group: 2 | 4;
}

/**
 * The format of a product over `inner` columns.
 *
 * int8: the sum of two products is at most 2 · 127 · 127 < 2¹⁵ with activations stored in 7 bits, so what the relaxed product
 * leaves to the machine is never reached (emit/byte-products.ts): every machine gives the same bits.
 * int16: activations have 13 bits, fewer over long rows, so that a row's sum fits int32 and leaves its weights as many
 * levels (weightScale).
 */
export function integerFormat(precision: Exclude<Precision, 'float32'>, inner: number): IntegerFormat {
  if (precision === 'int8') return { maxWeight: 127, maxActivation: 63, offset: 64, group: 4 };
  let maxActivation = 4095;
  for (let length = 1024; length < inner; length *= 4) maxActivation >>= 1;
  return { maxWeight: 32_767, maxActivation, offset: 0, group: 2 };
}
