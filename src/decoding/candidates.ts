// Which tokens may be drawn. Where there is a limit they stand in order of falling probability, equal ones in order of
// their ids, so that the choice never depends on a sorting algorithm; where there is none, in order of their ids.

export interface Candidates {
  readonly ids: Int32Array;
  /** Sums to 1 over the candidates. */
  readonly probabilities: Float64Array;
}

export interface Limits {
  /** Keep the k most probable; 0 keeps all. */
  readonly topK: number;
  /** Keep the fewest that together reach this probability (Holtzman et al. 2020); 1 keeps all. */
  readonly topP: number;
  /** Keep those at least this likely relative to the likeliest (Nguyen et al. 2024); 0 keeps all. */
  readonly minP: number;
}

/** Up to this many are kept in order while the values pass by once. */
const shortList = 64;

/** The `count` largest of `values`, falling; equal ones by index. values [n] → indexes [min(count, n)] */
export function largest(values: Float64Array, count: number): Int32Array {
  return count <= shortList ? fewLargest(values, count) : manyLargest(values, count);
}

/** A short list in order: most values are below its last and cost one comparison. */
function fewLargest(values: Float64Array, count: number): Int32Array {
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

/** Sorting bare numbers is fast, and tells which value is the last to be kept. */
function manyLargest(values: Float64Array, count: number): Int32Array {
  const last = values.toSorted()[Math.max(0, values.length - count)]!;
  const ids: number[] = [];
  for (let id = 0; id < values.length; id++) if (values[id]! >= last) ids.push(id);
  return Int32Array.from(ids.sort((a, b) => values[b]! - values[a]! || a - b)).subarray(0, count);
}

/** How many of the likeliest are looked at first for top-p and min-p; most often they are enough. */
const firstLook = 32;

/** @param logProbabilities [vocabulary] @param temperature > 0 */
export function candidates(logProbabilities: Float64Array, temperature: number, limits: Limits): Candidates {
  const { topK, topP, minP } = limits;
  const size = logProbabilities.length;
  const weights = new Float64Array(size);
  let total = 0;
  for (let id = 0; id < size; id++) total += weights[id] = Math.exp(logProbabilities[id]! / temperature);
  if (topK === 0 && topP === 1 && minP === 0)
    return { ids: everyId(size), probabilities: scaled(weights, total) };

  let count = topK > 0 ? Math.min(topK, size) : Math.min(firstLook, size);
  for (;;) {
    const ids = largest(logProbabilities, count);
    const falling = Float64Array.from(ids, (id) => weights[id]!);
    const whole = topK > 0 ? sumOf(falling) : total;
    const kept = cut(falling, whole * topP, falling[0]! * minP);
    if (kept < count || count === size || topK > 0) {
      const chosen = falling.subarray(0, kept);
      return { ids: ids.subarray(0, kept), probabilities: scaled(chosen, sumOf(chosen)) };
    }
    count = Math.min(size, count * 8);
  }
}

/** How many of the falling weights it takes to reach `enough`, none of them below `least`; at least one. */
function cut(falling: Float64Array, enough: number, least: number): number {
  let kept = 0;
  let reached = 0;
  while (
    kept < falling.length &&
    (kept === 0 || (reached < enough && falling[kept]! >= least && falling[kept]! > 0))
  )
    reached += falling[kept++]!;
  return kept;
}

const sumOf = (weights: Float64Array): number => weights.reduce((sum, weight) => sum + weight, 0);
const scaled = (weights: Float64Array, sum: number): Float64Array => weights.map((weight) => weight / sum);

let identity = new Int32Array(0);
/** 0, 1, 2, … */
function everyId(size: number): Int32Array {
  if (identity.length !== size) identity = Int32Array.from({ length: size }, (_, id) => id);
  return identity;
}

/** The candidate whose share of [0, 1) holds `number`. */
export function draw({ ids, probabilities }: Candidates, number: number): number {
  let left = number;
  for (let i = 0; i < ids.length; i++) {
    left -= probabilities[i]!;
    if (left < 0) return ids[i]!;
  }
  return ids[ids.length - 1]!;
}
