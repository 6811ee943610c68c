import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CrfPotentials } from './potentials.ts';
import { multiplyAndNormalise } from './marginals.ts';
import { backwardStep, startBackward, forwardStep } from './forward-backward.ts';
import { createViterbi } from './viterbi.ts';

/** Work of a turn of the event loop, in pairs of labels: about a millisecond. */
const pairsPerSlice = 1_000_000;

/** Labels a sequence whose scores come step by step: forward work as they come, backward work at the end. */
export interface CrfLabeller {
  /** @param scores s_t [L]; kept */
  push(scores: Float32Array): void;
  /** The likeliest labels, and how probable each is at its step over all others; long sequences take several turns. */
  finish(): Promise<{ label: number; probability: number }[]>;
}

export function createCrfLabeller(factors: CrfPotentials): CrfLabeller {
  const { labels } = factors.crf;
  const viterbi = createViterbi(factors.crf);
  const rows: Float32Array[] = [];
  const alphas: Float64Array[] = [];
  return {
    push(scores) {
      viterbi.push(scores);
      const alpha = new Float64Array(labels);
      forwardStep(factors, alphas.at(-1) ?? null, scores, alpha);
      rows.push(scores);
      alphas.push(alpha);
    },
    async finish() {
      const path = viterbi.labels();
      const beta = new Float64Array(labels);
      const ahead = new Float64Array(labels);
      const found = Array.from(path, (label) => ({ label, probability: 1 }));
      let pairs = 0;
      for (let t = rows.length - 1; t >= 0; t--) {
        const alpha = alphas[t]!;
        if (t === rows.length - 1) startBackward(factors, alpha, beta);
        else backwardStep(factors, rows[t + 1]!, beta, ahead);
        multiplyAndNormalise(alpha, beta);
        found[t]!.probability = alpha[path[t]!]!;
        pairs += labels * labels;
        if (pairs < pairsPerSlice) continue;
        pairs = 0;
        await nextTurn();
      }
      return found;
    },
  };
}
