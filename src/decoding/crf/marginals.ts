import type { CrfPotentials } from './potentials.ts';
import { backwardStep, startBackward, forwardStep } from './forward-backward.ts';

export interface CrfMarginals {
  /** ln Z */
  readonly logZ: number;
  /** Probability of each label at each step [T, L] */
  readonly marginals: Float64Array;
  /** How often each label is expected to follow each [from, to] */
  readonly pairCounts: Float64Array;
}

/** What a chain expects of a sequence, over all labels it could have. @param scores s [T, L], T ≥ 1 */
export function computeMarginals(factors: CrfPotentials, scores: Float64Array): CrfMarginals {
  const { labels } = factors.crf;
  const steps = scores.length / labels;
  const rowOf = (values: Float64Array, t: number): Float64Array =>
    values.subarray(t * labels, (t + 1) * labels);
  const alpha = new Float64Array(scores.length);
  let logZ = 0;
  for (let t = 0; t < steps; t++)
    logZ += forwardStep(factors, t > 0 ? rowOf(alpha, t - 1) : null, rowOf(scores, t), rowOf(alpha, t));

  const beta = new Float64Array(labels);
  const ahead = new Float64Array(labels);
  const pairs = new Float64Array(labels * labels);
  logZ += startBackward(factors, rowOf(alpha, steps - 1), beta);
  multiplyAndNormalise(rowOf(alpha, steps - 1), beta);
  for (let t = steps - 1; t > 0; t--) {
    const before = rowOf(alpha, t - 1);
    backwardStep(factors, rowOf(scores, t), beta, ahead);
    let all = 0;
    for (let i = 0; i < labels; i++) all += before[i]! * beta[i]!;
    for (let i = 0; i < labels; i++) {
      const share = before[i]! / all;
      const row = i * labels;
      for (let j = 0; j < labels; j++) pairs[row + j] = pairs[row + j]! + share * ahead[j]!;
    }
    multiplyAndNormalise(before, beta);
  }
  for (let i = 0; i < pairs.length; i++) pairs[i] = pairs[i]! * factors.transitions[i]!;
  return { logZ, marginals: alpha, pairCounts: pairs };
}

/** α ← α·β, scaled to add up to 1. */
export function multiplyAndNormalise(alpha: Float64Array, beta: Float64Array): void {
  let sum = 0;
  for (let k = 0; k < alpha.length; k++) sum += alpha[k] = alpha[k]! * beta[k]!;
  for (let k = 0; k < alpha.length; k++) alpha[k] = alpha[k]! / sum;
}
