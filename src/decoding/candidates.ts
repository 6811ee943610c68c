// Which tokens may be drawn. Tokens stand in order of falling probability, equal ones in order of their ids, so that
// the choice never depends on a sorting algorithm.

export interface Candidates {
  /** Falling by probability. */
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

/** The `count` largest of `values`, falling; equal ones by index. values [n] → indexes [min(count, n)] */
export function largest(values: Float64Array, count: number): Int32Array {
  const before = (a: number, b: number): number => values[b]! - values[a]! || a - b;
  if (count >= values.length / 4) return Int32Array.from(values.keys()).sort(before).slice(0, count);
  // a short sorted list: most values are below its last and cost one comparison
  const best = new Int32Array(count);
  let held = 0;
  for (let id = 0; id < values.length; id++) {
    if (held === count && !(values[id]! > values[best[held - 1]!]!)) continue;
    let at = held < count ? held++ : held - 1;
    while (at > 0 && values[best[at - 1]!]! < values[id]!) {
      best[at] = best[at - 1]!;
      at--;
    }
    best[at] = id;
  }
  return best;
}

/** @param logProbabilities [vocabulary], after temperature */
export function candidates(logProbabilities: Float64Array, { topK, topP, minP }: Limits): Candidates {
  const ids = largest(
    logProbabilities,
    topK > 0 ? Math.min(topK, logProbabilities.length) : logProbabilities.length,
  );
  const weights = Float64Array.from(ids, (id) => Math.exp(logProbabilities[id]!));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let kept = 0;
  let reached = 0;
  while (kept < ids.length) {
    const share = weights[kept]! / total;
    if (kept > 0 && (reached >= topP || weights[kept]! < minP * weights[0]! || share === 0)) break;
    reached += share;
    kept++;
  }
  const sum = weights.subarray(0, kept).reduce((all, weight) => all + weight, 0);
  return {
    ids: ids.subarray(0, kept),
    probabilities: weights.subarray(0, kept).map((weight) => weight / sum),
  };
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
