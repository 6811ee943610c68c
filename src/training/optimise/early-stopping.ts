/** Tracks the best score and decides on early stopping. A score that is not finite is never better. */
export interface BestTracker {
  record(step: number, score: number): 'better' | 'worse' | 'stop';
  state(): { step: number; score: number; worse: number } | null;
  restore(state: ReturnType<BestTracker['state']>): void;
}

/** @param patience evaluations in a row without a better score after which to stop; null never stops */
export function createBestTracker(lowerIsBetter: boolean, patience: number | null): BestTracker {
  let best: ReturnType<BestTracker['state']> = null;
  return {
    record(step, score) {
      if (Number.isFinite(score) && (!best || (lowerIsBetter ? score < best.score : score > best.score))) {
        best = { step, score, worse: 0 };
        return 'better';
      }
      if (best) best = { ...best, worse: best.worse + 1 };
      return patience !== null && best !== null && best.worse >= patience ? 'stop' : 'worse';
    },
    state: () => best,
    restore(state) {
      best = state;
    },
  };
}
