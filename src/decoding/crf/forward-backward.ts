import type { CrfPotentials } from './potentials.ts';

// Sums over all labels of a sequence, step by step in float64: each step's row is scaled to add up to 1, and the logarithms of
// the scales are kept, so that no length under- or overflows (Rabiner 1989, §V).

/**
 * α_t from α_t−1: what the steps so far give each label at t.
 * @param before α_t−1 [L]; null at the first step
 * @param scores s_t [L]
 * @param alpha takes α_t [L]
 * @returns ln of its scale: their sum over the steps and `ending` is ln Z
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
  const most = largest(scores, labels);
  for (let j = 0; j < labels; j++) alpha[j] = alpha[j]! * Math.exp(scores[j]! - most);
  return most + shift + normalise(alpha);
}

/**
 * β at the last step: e^end, scaled.
 * @param alpha α of that step
 * @returns ln Σ_k α[k] e^end[k]
 */
export function startBackward(
  { crf: { end } }: CrfPotentials,
  alpha: Float64Array,
  beta: Float64Array,
): number {
  beta.set(end);
  const most = exponentiate(beta);
  let sum = 0;
  for (let k = 0; k < beta.length; k++) sum += alpha[k]! * beta[k]!;
  normalise(beta);
  return most + Math.log(sum);
}

/**
 * β_t−1 from β_t: what the steps after give each label.
 * @param beta takes β_t−1 in place of β_t [L]
 * @param scores s_t [L]
 * @param ahead takes e^s_t · β_t, scaled [L]: with α_t−1 and the factors it makes the probability of a pair
 */
export function backwardStep(
  { crf: { labels }, transitions }: CrfPotentials,
  scores: ArrayLike<number>,
  beta: Float64Array,
  ahead: Float64Array,
): void {
  const most = largest(scores, labels);
  for (let j = 0; j < labels; j++) ahead[j] = Math.exp(scores[j]! - most) * beta[j]!;
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
  const most = largest(x, x.length);
  for (let k = 0; k < x.length; k++) x[k] = Math.exp(x[k]! - most);
  return most;
}

/** x ← x / Σ x. @returns ln of the sum */
function normalise(x: Float64Array): number {
  const sum = x.reduce((total, value) => total + value, 0);
  for (let k = 0; k < x.length; k++) x[k] = x[k]! / sum;
  return Math.log(sum);
}

function largest(x: ArrayLike<number>, count: number): number {
  let most = -Infinity;
  for (let k = 0; k < count; k++) if (x[k]! > most) most = x[k]!;
  return most;
}
