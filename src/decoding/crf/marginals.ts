import type { CrfPotentials } from './potentials.ts';
import { backwardStep, startBackward, forwardStep } from './forward-backward.ts';

export interface CrfMarginals {
  /** ln Z */
  readonly logZ: number;
  /** Probability of each label at each step [T, L] */
  readonly marginals: Float64Array;
  /** The expected number of times that each label follows each [from, to] */
  readonly pairCounts: Float64Array;
}

/** Computes ln Z and the marginal probabilities of a sequence's labels. @param scores s [T, L], T ≥ 1 */
export function computeMarginals(potentials: CrfPotentials, scores: Float64Array): CrfMarginals {
  const { labels } = potentials.crf;
  const steps = scores.length / labels;
  const rowAt = (values: Float64Array, t: number): Float64Array =>
    values.subarray(t * labels, (t + 1) * labels);
  const alpha = new Float64Array(scores.length);
  let logZ = 0;
  for (let t = 0; t < steps; t++)
    logZ += forwardStep(potentials, t > 0 ? rowAt(alpha, t - 1) : null, rowAt(scores, t), rowAt(alpha, t));

  const beta = new Float64Array(labels);
  const ahead = new Float64Array(labels);
  const pairCounts = new Float64Array(labels * labels);
  logZ += startBackward(potentials, rowAt(alpha, steps - 1), beta);
  multiplyAndNormalise(rowAt(alpha, steps - 1), beta);
  for (let t = steps - 1; t > 0; t--) {
    const before = rowAt(alpha, t - 1);
    backwardStep(potentials, rowAt(scores, t), beta, ahead);
    let sum = 0;
    for (let i = 0; i < labels; i++) sum += before[i]! * beta[i]!;
    for (let i = 0; i < labels; i++) {
      const share = before[i]! / sum;
      const row = i * labels;
      for (let j = 0; j < labels; j++) pairCounts[row + j] = pairCounts[row + j]! + share * ahead[j]!;
    }
    multiplyAndNormalise(before, beta);
  }
  for (let i = 0; i < pairCounts.length; i++) pairCounts[i] = pairCounts[i]! * potentials.transitions[i]!;
  return { logZ, marginals: alpha, pairCounts };
}

/** α ← α·β, scaled to sum to 1. */
export function multiplyAndNormalise(alpha: Float64Array, beta: Float64Array): void {
  let sum = 0;
  for (let k = 0; k < alpha.length; k++) sum += alpha[k] = alpha[k]! * beta[k]!;
  for (let k = 0; k < alpha.length; k++) alpha[k] = alpha[k]! / sum;
}
