// A linear-chain conditional random field (Lafferty, McCallum and Pereira 2001). Scores s [T, L] come from a
// network, one row for each token; labels y have the score start[y₀] + Σ_t s_t[y_t] + Σ_t transitions[y_t−1,
// y_t] + end[y_T−1], and the probability e^score / Z.

export interface Crf {
  /** L */
  readonly labels: number;
  /** [from, to] */
  readonly transitions: Float32Array;
  readonly start: Float32Array;
  readonly end: Float32Array;
}

/** A CRF with its transitions exponentiated and scaled, the largest to 1, for sums over all labellings. */
export interface CrfPotentials {
  readonly crf: Crf;
  /** e^(transitions − shift) [from, to] */
  readonly transitions: Float64Array;
  readonly shift: number;
}

/** Computes the potentials of a CRF. */
export function createCrfPotentials(crf: Crf): CrfPotentials {
  const shift = crf.transitions.reduce((max, value) => Math.max(max, value), -Infinity);
  return { crf, shift, transitions: Float64Array.from(crf.transitions, (value) => Math.exp(value - shift)) };
}
