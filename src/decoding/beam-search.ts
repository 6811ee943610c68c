import { createAllowedScores, noTokenAllowed } from './allowed-tokens.ts';
import { maxPossibleScore, emptyPath, extendPath, toHypothesis, type Path } from './path-score.ts';
import type { DecodeOptions, DecodedToken, Hypothesis, Search, SearchVocabulary } from './search.ts';

interface Candidate {
  readonly parent: number;
  readonly id: number;
  readonly sum: number;
  readonly logprob: number;
}

/**
 * Keeps the `beamSize` most probable unfinished paths at each step. A path that ends among the best is
 * finished. The search ends when enough paths are finished and no unfinished one can beat the worst of those
 * requested, when patience · beamSize are finished, or when none is unfinished. A beam as wide as there are
 * paths is exhaustive.
 */
export function createBeamSearch(options: DecodeOptions, vocabulary: SearchVocabulary): Search {
  const { beamSize, hypotheses: requested, patience, maxLength } = options;
  const { endId } = vocabulary;
  const allowed = createAllowedScores(options, vocabulary);
  const enough = Math.max(requested, Math.ceil(patience * beamSize));
  let live: Path[] = [emptyPath];
  /** Best first; of equals, the one that finished first. */
  let ended: Hypothesis[] = [];
  let emittedCount = 0;

  const finish = (path: Path, how: Hypothesis['finish']): void => {
    const hypothesis = toHypothesis(path, how, options);
    const before = ended.findIndex(({ score }) => score < hypothesis.score);
    ended.splice(before < 0 ? ended.length : before, 0, hypothesis);
  };

  /** All continuations, the most probable first; ties go to the earlier path and the smaller id. */
  const rank = (logits: Float32Array, width: number): Candidate[] => {
    const all: Candidate[] = [];
    live.forEach((path, parent) => {
      const scores = allowed(logits.subarray(parent * width, (parent + 1) * width), path.ids);
      const own: Candidate[] = [];
      scores.forEach((logprob, id) => {
        if (logprob > -Infinity) own.push({ parent, id, logprob, sum: path.sum + logprob });
      });
      // at most these of one path are needed: beamSize that continue, and an end
      all.push(...own.sort((a, b) => b.sum - a.sum || a.id - b.id).slice(0, beamSize + 1));
    });
    return all.sort((a, b) => b.sum - a.sum || a.parent - b.parent || a.id - b.id);
  };

  const isComplete = (): boolean => {
    if (live.length === 0 || ended.length >= enough) return true;
    if (ended.length < requested) return false;
    const worst = ended[requested - 1]!.score;
    return live.every((path) => maxPossibleScore(path, options) <= worst);
  };

  /** Tokens that all paths which may still win have in common, after those emitted already. */
  const newlyCertain = (complete: boolean): DecodedToken[] => {
    const [best] = ended;
    const rivals = complete
      ? []
      : live.filter((path) => best === undefined || maxPossibleScore(path, options) > best.score);
    const paths = [...rivals, ...(best ? [best] : [])];
    const [first, ...rest] = paths;
    const tokens: DecodedToken[] = [];
    for (let index = emittedCount; first && index < first.ids.length; index++) {
      const id = first.ids[index]!;
      if (!rest.every(({ ids }) => ids[index] === id)) break;
      tokens.push({ index, id, logprob: first.logprobs[index]! });
    }
    emittedCount += tokens.length;
    return tokens;
  };

  return {
    rows: beamSize,
    next(logits, width, attention) {
      const candidates = rank(logits, width);
      if (candidates.length === 0 && ended.length === 0) throw noTokenAllowed();
      const next: Path[] = [];
      const keep: number[] = [];
      const ids: number[] = [];
      let continued = 0;
      for (const { parent, id, logprob } of candidates) {
        const ends = id === endId;
        const path = extendPath(live[parent]!, id, logprob, attention?.[parent], ends);
        if (ends) finish(path, 'stop');
        else if (path.ids.length >= maxLength) finish(path, 'length');
        else {
          next.push(path);
          keep.push(parent);
          ids.push(id);
        }
        if (!ends && ++continued === beamSize) break;
      }
      live = next;
      ended = ended.slice(0, Math.max(enough, beamSize));
      const complete = isComplete();
      const emitted = newlyCertain(complete);
      return complete
        ? { keep: [], ids: [], emitted, done: ended.slice(0, requested) }
        : { keep, ids, emitted, done: null };
    },
  };
}
