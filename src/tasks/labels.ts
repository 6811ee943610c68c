import { shortest } from './float32-text.ts';

export interface Scored {
  readonly label: string;
  readonly score: number;
}

/** The best `count` labels, falling by score; equal ones in the model's order. scores [labels] */
export function bestLabels(scores: Float32Array, labels: readonly string[], count: number): Scored[] {
  return Array.from(scores, (score, id) => ({ score, id }))
    .sort((a, b) => b.score - a.score || a.id - b.id)
    .slice(0, count)
    .map(({ score, id }) => ({ label: labels[id]!, score: shortest(score) }));
}
