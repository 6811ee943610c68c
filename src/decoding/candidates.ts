// Which tokens may be drawn, and how likely. Of equally likely tokens the lower id is kept, so that the choice never
// depends on a sorting algorithm. A short list stands in order of falling probability, a long one in order of ids.

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

/** Up to this many are kept in order while the values pass by once. */
const maxInsertionSorted = 64;

/**
 * The `count` largest of `values`, falling; equal ones by index. For small counts: most values are below the last of
 * the list and cost one comparison. values [n] → indexes [min(count, n)]
 */
export function topIndexes(values: Float64Array | Float32Array, count: number): Int32Array {
  const best = new Int32Array(count);
  let held = 0;
  for (let id = 0; id < values.length; id++) {
    const value = values[id]!;
    if (held === count && !(value > values[best[held - 1]!]!)) continue;
    let at = held < count ? held++ : held - 1;
    while (at > 0 && values[best[at - 1]!]! < value) {
      best[at] = best[at - 1]!;
      at--;
    }
    best[at] = id;
  }
  return best.subarray(0, held);
}

/** How many of the likeliest are looked at first for top-p and min-p; most often they are enough. */
const firstCount = 32;

/** @param logProbabilities [vocabulary] @param temperature > 0 */
export function selectCandidates(
  logProbabilities: Float64Array,
  temperature: number,
  limits: SamplingLimits,
): Candidates {
  const { topK, topP, minP } = limits;
  const size = logProbabilities.length;
  const [likeliest] = topIndexes(logProbabilities, 1);
  const highest = logProbabilities[likeliest!]!;
  // relative to the likeliest, whose weight is 1: however low the temperature, not all of them vanish
  const weightOf = (logProbability: number): number => Math.exp((logProbability - highest) / temperature);
  if (topK === 0 && topP === 1 && minP === 0) return normalised(allIds(size), logProbabilities.map(weightOf));

  const whole = topK === 0 && topP < 1 ? sumOf(logProbabilities.map(weightOf)) : null;
  const kept = (falling: Float64Array): number =>
    countKept(falling, topP < 1 ? (whole ?? sumOf(falling)) * topP : Infinity, minP);

  const most = topK === 0 ? size : Math.min(topK, size);
  const few = topK === 0 ? Math.min(firstCount, size) : most;
  if (few <= maxInsertionSorted) {
    const ids = topIndexes(logProbabilities, few);
    const weights = Float64Array.from(ids, (id) => weightOf(logProbabilities[id]!));
    const count = kept(weights);
    if (count < few || few === most) return normalised(ids.subarray(0, count), weights.subarray(0, count));
  }
  // sorting bare numbers is fast, and tells which value is the last to be kept
  const falling = logProbabilities.toSorted().reverse().subarray(0, most);
  const count = kept(falling.map(weightOf));
  const ids = indexesDownTo(logProbabilities, falling[count - 1]!, count);
  return normalised(
    ids,
    Float64Array.from(ids, (id) => weightOf(logProbabilities[id]!)),
  );
}

/** How many of the falling weights it takes to reach `enough`, none of them below `least`; at least one. */
function countKept(falling: Float64Array, enough: number, least: number): number {
  let kept = 1;
  let reached = falling[0]!;
  while (kept < falling.length && reached < enough && falling[kept]! >= least && falling[kept]! > 0)
    reached += falling[kept++]!;
  return kept;
}

/** Indexes, in order, of the `count` largest values, when `last` is the smallest of those; the first of equals. */
function indexesDownTo(values: Float64Array, last: number, count: number): Int32Array {
  const ids = new Int32Array(count);
  let equals = count;
  for (const value of values) if (value > last) equals--;
  let held = 0;
  for (let id = 0; held < count; id++)
    if (values[id]! > last || (values[id] === last && equals-- > 0)) ids[held++] = id;
  return ids;
}

const sumOf = (weights: Float64Array): number => weights.reduce((sum, weight) => sum + weight, 0);

/** Makes weights sum to 1, in place. */
function normalised(ids: Int32Array, weights: Float64Array): Candidates {
  const sum = sumOf(weights);
  for (let i = 0; i < weights.length; i++) weights[i]! /= sum;
  return { ids, probabilities: weights };
}

let identity = new Int32Array(0);
/** 0, 1, 2, … */
function allIds(size: number): Int32Array {
  if (identity.length !== size) identity = Int32Array.from({ length: size }, (_, id) => id);
  return identity;
}

/** The candidate whose share of [0, 1) holds `number`. */
export function drawCandidate({ ids, probabilities }: Candidates, number: number): number {
  let left = number;
  for (let i = 0; i < ids.length; i++) {
    left -= probabilities[i]!;
    if (left < 0) return ids[i]!;
  }
  return ids[ids.length - 1]!;
}
