import { topIndexes } from '../decoding/candidates.ts';
import { shortestFloat32 } from './float32-text.ts';

export interface Scored {
  readonly label: string;
  readonly score: number;
}

/** The best `count` labels, falling by score; equal ones in the model's order. scores [labels] */
export function bestLabels(scores: Float32Array, labels: readonly string[], count: number): Scored[] {
  return indexesOfLargest(scores, Math.min(count, scores.length)).map((id) => ({
    label: labels[id]!,
    score: shortestFloat32(scores[id]!),
  }));
}

/** Up to so many are kept in order while the scores pass by once; sorting bare numbers is faster for more. */
const fewLabels = 32;

function indexesOfLargest(scores: Float32Array, count: number): number[] {
  if (count <= fewLabels) return [...topIndexes(scores, count)];
  const last = scores.toSorted()[scores.length - count]!;
  const found: number[] = [];
  // one that is not a number is refused by whoever writes it
  scores.forEach((score, id) => (score >= last || Number.isNaN(score)) && found.push(id));
  return found.sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, count);
}
