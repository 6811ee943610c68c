import type { Crf } from './potentials.ts';

/** Finds the best labelling of a sequence whose scores arrive step by step (Viterbi 1967). */
export interface Viterbi {
  /** @param scores s_t [L] */
  push(scores: ArrayLike<number>): void;
  /**
   * The labelling with the highest score; ties go to the first label in the model's order, from the last step
   * back.
   */
  labels(): Int32Array;
}

export function createViterbi({ labels, transitions, start, end }: Crf): Viterbi {
  /** For each step from the second on: the previous label on the best path to each label. */
  const cameFrom: Int32Array[] = [];
  let best = new Float64Array(labels);
  let steps = 0;

  return {
    push(scores) {
      if (steps++ === 0) {
        for (let k = 0; k < labels; k++) best[k] = start[k]! + scores[k]!;
        return;
      }
      const next = new Float64Array(labels).fill(-Infinity);
      const from = new Int32Array(labels);
      for (let i = 0; i < labels; i++) {
        const here = best[i]!;
        const row = i * labels;
        for (let j = 0; j < labels; j++) {
          const score = here + transitions[row + j]!;
          if (score > next[j]!) {
            next[j] = score;
            from[j] = i;
          }
        }
      }
      for (let j = 0; j < labels; j++) next[j] = next[j]! + scores[j]!;
      cameFrom.push(from);
      best = next;
    },
    labels() {
      const path = new Int32Array(steps);
      if (steps === 0) return path;
      let label = 0;
      for (let k = 1; k < labels; k++) if (best[k]! + end[k]! > best[label]! + end[label]!) label = k;
      path[steps - 1] = label;
      for (let t = steps - 2; t >= 0; t--) path[t] = label = cameFrom[t]![label]!;
      return path;
    },
  };
}
