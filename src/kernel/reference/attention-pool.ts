import { softmax } from './softmax.ts';

/**
 * At step t, Σ_s a_s x_s over the steps so far with a = softmax(x_s · w). x [steps][columns]  w [columns] →
 * the same shape
 */
export function attentionPool(x: readonly Float64Array[], w: ArrayLike<number>): Float64Array[] {
  const scores = x.map((row) => row.reduce((sum, value, k) => sum + value * w[k]!, 0));
  return x.map((row, t) => {
    const weights = softmax(scores.slice(0, t + 1));
    return row.map((_, k) => weights.reduce((sum, weight, s) => sum + weight * x[s]![k]!, 0));
  });
}
