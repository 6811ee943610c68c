// Selects the tokens that may be drawn, with their probabilities. Of equally likely tokens the lower id is
// kept, so that the choice never depends on a sorting algorithm. A short list is ordered by probability, a
// long one by id.

export interface Candidates {
  readonly ids: Int32Array;
  /** Sums to 1 over the candidates. */
  readonly probabilities: Float64Array;
}

export interface SamplingLimits {
  /** Keep the k most probable; 0 keeps all. */
  readonly topK: number;
  /** Keep the fewest that together reach this probability (Holtzman et al. 2020); 1 keeps all. */
  readonly topP: number;
  /** Keep those at least this likely relative to the likeliest (Nguyen et al. 2024); 0 keeps all. */
  readonly minP: number;
}

/** Up to this many are found by insertion in one pass over the values. */
const maxInsertionSorted = 64;

/**
 * Indexes of the `count` largest values, descending; ties by index. For small counts: most values are below
 * the last of the list and cost one comparison. values [n] → indexes [min(count, n)]
 */
export function topIndexes(values: Float64Array | Float32Array, count: number): Int32Array {
  const best = new Int32Array(count);
  let found = 0;
  for (let id = 0; id < values.length; id++) {
    const value = values[id]!;
    if (found === count && !(value > values[best[found - 1]!]!)) continue;
    let at = found < count ? found++ : found - 1;
    while (at > 0 && values[best[at - 1]!]! < value) {
      best[at] = best[at - 1]!;
      at--;
    }
    best[at] = id;
  }
  return best.subarray(0, found);
}

/** Index of the largest value, the first of equal ones; 0 of none. */
export function indexOfLargest(values: Float64Array): number {
  let best = 0;
  for (let id = 1; id < values.length; id++) if (values[id]! > values[best]!) best = id;
  return best;
}

/** The number of most likely tokens tried first for top-p and min-p; usually they are enough. */
const firstCount = 32;

/**
 * Applies temperature and limits. The result is valid until the next call.
 * @param scores [vocabulary] logits, or log-probabilities @param temperature > 0
 */
export function selectCandidates(
  scores: Float64Array,
  temperature: number,
  { topK, topP, minP }: SamplingLimits,
): Candidates {
  const size = scores.length;
  const highest = scores[indexOfLargest(scores)]!;
  const weigh = (values: Float64Array): Float64Array => toWeights(values, highest, temperature);
  if (topK === 0 && topP === 1 && minP === 0) return normalised(allIds(size), weigh(scores));

  const whole = topK === 0 && topP < 1 ? sumWeights(weigh(scores)) : null;
  const kept = (descending: Float64Array): number =>
    countKept(descending, topP < 1 ? (whole ?? sumWeights(descending)) * topP : Infinity, minP);

  const most = topK === 0 ? size : Math.min(topK, size);
  const few = topK === 0 ? Math.min(firstCount, size) : most;
  if (few <= maxInsertionSorted) {
    const ids = topIndexes(scores, few);
    const weights = weigh(valuesAt(scores, ids));
    const count = kept(weights);
    if (count < few || few === most) return normalised(ids.subarray(0, count), weights.subarray(0, count));
  }
  // sorting bare numbers is fast, and gives the last value to be kept
  const descending = scores.toSorted().reverse().subarray(0, most);
  const count = kept(weigh(descending));
  const ids = indexesDownTo(scores, descending[count - 1]!, count);
  return normalised(ids, weigh(valuesAt(scores, ids)));
}

let scratch = new Float64Array(0);
/**
 * exp((score − highest) / temperature): relative to the highest, whose weight is 1, so that not all underflow at a low
 * temperature. Runs for every token, where a new array and a callback for each value take as long as the exponentials.
 */
function toWeights(scores: Float64Array, highest: number, temperature: number): Float64Array {
  const { length } = scores;
  if (scratch.length < length) scratch = new Float64Array(length);
  for (let i = 0; i < length; i++) scratch[i] = Math.exp((scores[i]! - highest) / temperature);
  return scratch.length === length ? scratch : scratch.subarray(0, length);
}

const valuesAt = (values: Float64Array, ids: Int32Array): Float64Array =>
  Float64Array.from(ids, (id) => values[id]!);

/** The number of descending weights needed to reach `enough`, none of them below `min`; at least one. */
function countKept(descending: Float64Array, enough: number, min: number): number {
  let kept = 1;
  let reached = descending[0]!;
  while (kept < descending.length && reached < enough && descending[kept]! >= min && descending[kept]! > 0)
    reached += descending[kept++]!;
  return kept;
}

/**
 * Ascending indexes of the `count` largest values, of which `last` is the smallest; the first of equal ones.
 */
function indexesDownTo(values: Float64Array, last: number, count: number): Int32Array {
  const ids = new Int32Array(count);
  let equals = count;
  for (const value of values) if (value > last) equals--;
  let found = 0;
  for (let id = 0; found < count; id++)
    if (values[id]! > last || (values[id] === last && equals-- > 0)) ids[found++] = id;
  return ids;
}

function sumWeights(weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]!;
  return sum;
}

/** Normalises weights in place to sum to 1. */
function normalised(ids: Int32Array, weights: Float64Array): Candidates {
  const sum = sumWeights(weights);
  for (let i = 0; i < weights.length; i++) weights[i]! /= sum;
  return { ids, probabilities: weights };
}

let identity = new Int32Array(0);
/** 0, 1, 2, … */
function allIds(size: number): Int32Array {
  if (identity.length !== size) identity = Int32Array.from({ length: size }, (_, id) => id);
  return identity;
}

/** Draws a candidate by a number in [0, 1), by cumulative probability. */
export function drawCandidate({ ids, probabilities }: Candidates, number: number): number {
  let remaining = number;
  for (let i = 0; i < ids.length; i++) {
    remaining -= probabilities[i]!;
    if (remaining < 0) return ids[i]!;
  }
  return ids[ids.length - 1]!;
}
