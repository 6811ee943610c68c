import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { CrfPotentials } from './potentials.ts';
import { multiplyAndNormalise } from './marginals.ts';
import { backwardStep, startBackward, forwardStep } from './forward-backward.ts';
import { createViterbi } from './viterbi.ts';

/** Pairs of labels between yields to the event loop: about a millisecond. */
const pairsPerSlice = 1_000_000;

/**
 * Labels a sequence whose scores arrive step by step: the forward pass as they arrive, the backward pass at
 * the end.
 */
export interface CrfLabeller {
  /** @param scores s_t [L], retained */
  push(scores: Float32Array): void;
  /**
   * The most probable labelling, with each label's marginal probability. Yields to the event loop in long
   * sequences.
   */
  finish(): Promise<{ label: number; probability: number }[]>;
}

export function createCrfLabeller(potentials: CrfPotentials): CrfLabeller {
  const { labels } = potentials.crf;
  const viterbi = createViterbi(potentials.crf);
  const rows: Float32Array[] = [];
  const alphas: Float64Array[] = [];
  return {
    push(scores) {
      viterbi.push(scores);
      const alpha = new Float64Array(labels);
      forwardStep(potentials, alphas.at(-1) ?? null, scores, alpha);
      rows.push(scores);
      alphas.push(alpha);
    },
    async finish() {
      const path = viterbi.labels();
      const beta = new Float64Array(labels);
      const ahead = new Float64Array(labels);
      const labelled = Array.from(path, (label) => ({ label, probability: 1 }));
      let pairs = 0;
      for (let t = rows.length - 1; t >= 0; t--) {
        const alpha = alphas[t]!;
        if (t === rows.length - 1) startBackward(potentials, alpha, beta);
        else backwardStep(potentials, rows[t + 1]!, beta, ahead);
        multiplyAndNormalise(alpha, beta);
        labelled[t]!.probability = alpha[path[t]!]!;
        pairs += labels * labels;
        if (pairs < pairsPerSlice) continue;
        pairs = 0;
        await yieldToEventLoop();
      }
      return labelled;
    },
  };
}
