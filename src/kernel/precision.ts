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

export const integerFormats: Readonly<Record<Exclude<Precision, 'float32'>, IntegerFormat>> = {
  // 13 bits and 16, of which a long row uses fewer (weightScale): the sum of a row fits int32 without being split
  int16: { maxWeight: 32_767, maxActivation: 4095, offset: 0, group: 2 },
  // activations of 7 bits: the sum of two products is at most 2 · 127 · 127 < 2¹⁵, so that what the relaxed product leaves
  // to the machine is never reached (expressions.ts), and every machine gives the same bits
  int8: { maxWeight: 127, maxActivation: 63, offset: 64, group: 4 },
};
