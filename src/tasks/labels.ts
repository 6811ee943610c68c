import { topIndexes } from '../decoding/candidates.ts';

/** Up to this many are kept in order in a single pass; for more, sorting the scores alone is faster. */
const maxOrderedLabels = 32;

/** Indexes of the `count` best scores, falling; equal ones in the model's order. scores [labels] */
export function rankLabels(scores: Float32Array | Float64Array, count: number): ArrayLike<number> {
  const length = Math.min(count, scores.length);
  if (length <= maxOrderedLabels) return topIndexes(scores, length);
  const last = scores.toSorted()[scores.length - length]!;
  const found: number[] = [];
  // NaN is kept, so that whoever writes the score fails
  scores.forEach((score, id) => (score >= last || Number.isNaN(score)) && found.push(id));
  return found.sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, length);
}
