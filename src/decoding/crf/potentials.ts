// A linear chain over labels (Lafferty, McCallum and Pereira 2001). Scores s [T, L] are a network's, one row a token; labels y have
// the score start[y₀] + Σ_t s_t[y_t] + Σ_t transitions[y_t−1, y_t] + end[y_T−1], and the probability e^score / Z.

export interface Crf {
  /** L */
  readonly labels: number;
  /** [from, to] */
  readonly transitions: Float32Array;
  readonly start: Float32Array;
  readonly end: Float32Array;
}

/** What sums over all labels need of a chain: transitions as factors, the largest of them 1. */
export interface CrfPotentials {
  readonly crf: Crf;
  /** e^(transitions − shift) [from, to] */
  readonly transitions: Float64Array;
  readonly shift: number;
}

export function createCrfPotentials(crf: Crf): CrfPotentials {
  const shift = crf.transitions.reduce((most, value) => Math.max(most, value), -Infinity);
  return { crf, shift, transitions: Float64Array.from(crf.transitions, (value) => Math.exp(value - shift)) };
}
