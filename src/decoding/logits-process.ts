// Processes a step's logits before a token is chosen. logits [vocabulary], changed in place, in float64.

/**
 * Keskar et al. 2019 (CTRL): the logit of a seen token is divided by the penalty, or multiplied where it is
 * negative.
 */
export function penaliseRepetition(logits: Float64Array, seen: ReadonlySet<number>, penalty: number): void {
  if (penalty === 1) return;
  for (const id of seen) logits[id]! *= logits[id]! > 0 ? 1 / penalty : penalty;
}

/** Subtracts `penalty` from a token's logit for every time it was generated. */
export function penaliseFrequency(
  logits: Float64Array,
  generated: ReadonlyMap<number, number>,
  penalty: number,
): void {
  if (penalty === 0) return;
  for (const [id, count] of generated) logits[id]! -= penalty * count;
}

/**
 * ln Σ exp(logit), which subtracted from a logit gives its log-probability. Runs for every token, where iterators take twice
 * as long.
 */
export function logSumExp(logits: Float64Array): number {
  const { length } = logits;
  let largest = -Infinity;
  for (let id = 0; id < length; id++) if (logits[id]! > largest) largest = logits[id]!;
  let sum = 0;
  for (let id = 0; id < length; id++) sum += Math.exp(logits[id]! - largest);
  return largest + Math.log(sum);
}
