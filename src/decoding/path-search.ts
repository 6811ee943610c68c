import { createAllowedScores, bestToken } from './allowed-tokens.ts';
import { selectCandidates, drawCandidate } from './candidates.ts';
import { emptyPath, extendPath, toHypothesis } from './path-score.ts';
import { createRng } from '../random.ts';
import type { DecodeOptions, Search, SearchVocabulary } from './search.ts';

/** One path: the most probable token at each step, or one drawn by the seed. */
export function createPathSearch(options: DecodeOptions, vocabulary: SearchVocabulary): Search {
  const allowed = createAllowedScores(options, vocabulary);
  const rng = createRng(options.seed, options.choice);
  const { endId } = vocabulary;
  let path = emptyPath;

  const choose = (scores: Float64Array): number => {
    const best = bestToken(scores);
    if (options.mode === 'greedy' || options.temperature === 0 || path.ids.length < options.prefix.length)
      return best;
    return drawCandidate(selectCandidates(scores, options.temperature, options), rng.next());
  };

  return {
    rows: 1,
    next(logits, width, attention) {
      const scores = allowed(logits.subarray(0, width), path.ids);
      const id = choose(scores);
      const ends = id === endId;
      path = extendPath(path, id, scores[id]!, attention?.[0], ends);
      const emitted = ends ? [] : [{ index: path.ids.length - 1, id, logprob: scores[id]! }];
      if (ends) return { keep: [], ids: [], emitted, done: [toHypothesis(path, 'stop', options)] };
      if (path.ids.length >= options.maxLength)
        return { keep: [], ids: [], emitted, done: [toHypothesis(path, 'length', options)] };
      return { keep: [0], ids: [id], emitted, done: null };
    },
  };
}
