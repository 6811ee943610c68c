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
 * The `beamSize` most probable unfinished paths live on at each step. A path that ends among the best goes to the finished;
 * the search is over when enough of them are there and no living path can reach the worst that is wanted, when
 * patience · beamSize have finished, or when nothing lives. With a beam as wide as there are paths it is exhaustive.
 */
export function createBeamSearch(options: DecodeOptions, vocabulary: SearchVocabulary): Search {
  const { beamSize, hypotheses: wanted, patience, maxLength } = options;
  const { endId } = vocabulary;
  const allowed = createAllowedScores(options, vocabulary);
  const enough = Math.max(wanted, Math.ceil(patience * beamSize));
  let live: Path[] = [emptyPath];
  /** Best first; of equals, the one that finished first. */
  let ended: Hypothesis[] = [];
  let told = 0;

  const finish = (path: Path, how: Hypothesis['finish']): void => {
    const hypothesis = toHypothesis(path, how, options);
    const before = ended.findIndex(({ score }) => score < hypothesis.score);
    ended.splice(before < 0 ? ended.length : before, 0, hypothesis);
  };

  /** All ways to go on, the most probable first; of equals, the earlier path and the smaller id. */
  const rank = (logits: Float32Array, width: number): Candidate[] => {
    const all: Candidate[] = [];
    live.forEach((path, parent) => {
      const scores = allowed(logits.subarray(parent * width, (parent + 1) * width), path.ids);
      const own: Candidate[] = [];
      scores.forEach((logprob, id) => {
        if (logprob > -Infinity) own.push({ parent, id, logprob, sum: path.sum + logprob });
      });
      // no more than these of one path can matter: beamSize that go on, and an end
      all.push(...own.sort((a, b) => b.sum - a.sum || a.id - b.id).slice(0, beamSize + 1));
    });
    return all.sort((a, b) => b.sum - a.sum || a.parent - b.parent || a.id - b.id);
  };

  const over = (): boolean => {
    if (live.length === 0 || ended.length >= enough) return true;
    if (ended.length < wanted) return false;
    const worst = ended[wanted - 1]!.score;
    return live.every((path) => maxPossibleScore(path, options) <= worst);
  };

  /** What every path that may still win has in common, beyond what was told before. */
  const certain = (isOver: boolean): DecodedToken[] => {
    const [best] = ended;
    const rivals = isOver
      ? []
      : live.filter((path) => best === undefined || maxPossibleScore(path, options) > best.score);
    const paths = [...rivals, ...(best ? [best] : [])];
    const [first, ...rest] = paths;
    const tokens: DecodedToken[] = [];
    for (let index = told; first && index < first.ids.length; index++) {
      const id = first.ids[index]!;
      if (!rest.every(({ ids }) => ids[index] === id)) break;
      tokens.push({ index, id, logprob: first.logprobs[index]! });
    }
    told += tokens.length;
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
      let taken = 0;
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
        if (!ends && ++taken === beamSize) break;
      }
      live = next;
      ended = ended.slice(0, Math.max(enough, beamSize));
      const isOver = over();
      const emitted = certain(isOver);
      return isOver
        ? { keep: [], ids: [], emitted, done: ended.slice(0, wanted) }
        : { keep, ids, emitted, done: null };
    },
  };
}
