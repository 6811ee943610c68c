import type { CrfPotentials } from './potentials.ts';

// The forward-backward algorithm over all labellings of a sequence, step by step in float64: each step's row
// is scaled to sum to 1, and the logarithms of the scales are summed, so that no length under- or overflows
// (Rabiner 1989, §V).

/**
 * Computes α_t from α_t−1: the weight of each label at t by the steps so far.
 * @param before α_t−1 [L]; null at the first step
 * @param scores s_t [L]
 * @param alpha receives α_t [L]
 * @returns ln of its scale: their sum over the steps and `startBackward` is ln Z
 */
export function forwardStep(
  { crf, transitions, shift }: CrfPotentials,
  before: Float64Array | null,
  scores: ArrayLike<number>,
  alpha: Float64Array,
): number {
  const { labels, start } = crf;
  if (before === null) {
    for (let j = 0; j < labels; j++) alpha[j] = scores[j]! + start[j]!;
    return exponentiate(alpha) + normalise(alpha);
  }
  alpha.fill(0);
  for (let i = 0; i < labels; i++) {
    const share = before[i]!;
    const row = i * labels;
    for (let j = 0; j < labels; j++) alpha[j] = alpha[j]! + share * transitions[row + j]!;
  }
  const max = largest(scores, labels);
  for (let j = 0; j < labels; j++) alpha[j] = alpha[j]! * Math.exp(scores[j]! - max);
  return max + shift + normalise(alpha);
}

/**
 * Computes β at the last step: e^end, scaled.
 * @param alpha α of that step
 * @returns ln Σ_k α[k] e^end[k]
 */
export function startBackward(
  { crf: { end } }: CrfPotentials,
  alpha: Float64Array,
  beta: Float64Array,
): number {
  beta.set(end);
  const max = exponentiate(beta);
  let sum = 0;
  for (let k = 0; k < beta.length; k++) sum += alpha[k]! * beta[k]!;
  normalise(beta);
  return max + Math.log(sum);
}

/**
 * Computes β_t−1 from β_t: the weight of each label by the steps after it.
 * @param beta β_t, replaced by β_t−1 [L]
 * @param scores s_t [L]
 * @param ahead receives e^s_t · β_t, scaled [L]: with α_t−1 and the transitions it gives the probability of a
 * pair
 */
export function backwardStep(
  { crf: { labels }, transitions }: CrfPotentials,
  scores: ArrayLike<number>,
  beta: Float64Array,
  ahead: Float64Array,
): void {
  const max = largest(scores, labels);
  for (let j = 0; j < labels; j++) ahead[j] = Math.exp(scores[j]! - max) * beta[j]!;
  for (let i = 0; i < labels; i++) {
    const row = i * labels;
    let sum = 0;
    for (let j = 0; j < labels; j++) sum += transitions[row + j]! * ahead[j]!;
    beta[i] = sum;
  }
  const scale = beta.reduce((sum, value) => sum + value, 0);
  for (let k = 0; k < labels; k++) {
    beta[k] = beta[k]! / scale;
    ahead[k] = ahead[k]! / scale;
  }
}

/** x ← e^(x − max x). @returns the largest */
function exponentiate(x: Float64Array): number {
  const max = largest(x, x.length);
  for (let k = 0; k < x.length; k++) x[k] = Math.exp(x[k]! - max);
  return max;
}

/** x ← x / Σ x. @returns ln of the sum */
function normalise(x: Float64Array): number {
  const sum = x.reduce((total, value) => total + value, 0);
  for (let k = 0; k < x.length; k++) x[k] = x[k]! / sum;
  return Math.log(sum);
}

function largest(x: ArrayLike<number>, count: number): number {
  let max = -Infinity;
  for (let k = 0; k < count; k++) if (x[k]! > max) max = x[k]!;
  return max;
}
