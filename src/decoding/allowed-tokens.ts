import { UnrollError } from '../errors.ts';
import type { DecodeOptions, SearchVocabulary } from './search.ts';

/**
 * Computes log-probabilities of the next token [width]; −∞ for tokens that the options forbid after `ids`.
 */
export type AllowedScores = (logits: Float32Array, ids: readonly number[]) => Float64Array;

/**
 * Creates the scoring function. It returns a new array; allowed tokens keep the network's log-probabilities,
 * not renormalised.
 */
export function createAllowedScores(
  options: DecodeOptions,
  { startId, endId }: SearchVocabulary,
): AllowedScores {
  const { suppress, prefix, minLength, noRepeatNgram } = options;
  return (logits, ids) => {
    const scores = logProbabilities(logits);
    const forced = prefix[ids.length];
    if (forced !== undefined) return scores.map((score, id) => (id === forced ? score : -Infinity));
    for (const id of suppress) scores[id] = -Infinity;
    if (startId !== endId) scores[startId] = -Infinity;
    if (ids.length < minLength) scores[endId] = -Infinity;
    if (noRepeatNgram > 0) for (const id of repeatingIds(ids, noRepeatNgram)) scores[id] = -Infinity;
    return scores;
  };
}

/** log softmax in float64, sums in order. @throws RangeError when a logit is not finite */
function logProbabilities(logits: Float32Array): Float64Array {
  let largest = -Infinity;
  for (const logit of logits) if (logit > largest) largest = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  const scores = Float64Array.from(logits, (logit) => logit - largest - Math.log(sum));
  if (Number.isNaN(scores[0])) throw new RangeError('the logits contain a number that is not finite');
  return scores;
}

/** Ids that would complete a run of `length` tokens which is in `ids` already. */
function repeatingIds(ids: readonly number[], length: number): number[] {
  const tail = length - 1;
  const found: number[] = [];
  for (let at = 0; at + tail < ids.length; at++) {
    let same = true;
    for (let k = 0; k < tail && same; k++) same = ids[at + k] === ids[ids.length - tail + k];
    if (same) found.push(ids[at + tail]!);
  }
  return found;
}

/** The error when the options forbid every token. */
export const noTokenAllowed = (): UnrollError =>
  new UnrollError(
    'input_mismatch',
    'suppress, no_repeat_ngram_size and min_length forbid every token at this position',
  );

/**
 * The id with the highest score, the first of equal ones.
 * @throws UnrollError input_mismatch when nothing is allowed
 */
export function bestToken(scores: Float64Array): number {
  let best = 0;
  for (let id = 1; id < scores.length; id++) if (scores[id]! > scores[best]!) best = id;
  if (scores[best] === -Infinity) throw noTokenAllowed();
  return best;
}
