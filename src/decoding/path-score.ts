import type { DecodeOptions, Hypothesis } from './search.ts';

/** A partial output. */
export interface Path {
  readonly ids: readonly number[];
  readonly logprobs: readonly number[];
  /** Σ logprobs */
  readonly sum: number;
  readonly attention: readonly Float32Array[];
}

export const emptyPath: Path = { ids: [], logprobs: [], sum: 0, attention: [] };

/** Appends a token. @param ends whether it is the end token, which is not part of the output */
export function extendPath(
  path: Path,
  id: number,
  logprob: number,
  attention: Float32Array | undefined,
  ends: boolean,
): Path {
  return {
    ids: ends ? path.ids : [...path.ids, id],
    logprobs: [...path.logprobs, logprob],
    sum: path.sum + logprob,
    attention: attention ? [...path.attention, attention] : path.attention,
  };
}

const lengthFactor = (length: number, alpha: number): number => ((5 + length) / 6) ** alpha;

/** log P / lp(|Y|) + β Σ_i ln min(Σ_j a_ij, 1) (Wu et al. 2016); |Y| counts the end. */
function scorePath({ sum, logprobs, attention }: Path, options: DecodeOptions): number {
  const score = sum / lengthFactor(logprobs.length, options.lengthPenalty);
  return options.coveragePenalty === 0 ? score : score + options.coveragePenalty * coverage(attention);
}

/** An upper bound of a path's final score: no further loss, at the most favourable length. */
export function maxPossibleScore({ sum, logprobs }: Path, options: DecodeOptions): number {
  const { lengthPenalty: alpha, maxLength } = options;
  const length = alpha > 0 ? maxLength + 1 : logprobs.length + 1;
  return sum / lengthFactor(length, alpha);
}

/** Lower bound of a source step's coverage: the penalty of one without attention would be infinite. */
const minCoverage = 1e-9;

function coverage(attention: readonly Float32Array[]): number {
  const [first] = attention;
  if (!first) return 0;
  let total = 0;
  for (let i = 0; i < first.length; i++) {
    let covered = 0;
    for (const row of attention) covered += row[i]!;
    total += Math.log(Math.min(1, Math.max(minCoverage, covered)));
  }
  return total;
}

/** A finished path as a hypothesis. */
export const toHypothesis = (
  path: Path,
  finish: Hypothesis['finish'],
  options: DecodeOptions,
): Hypothesis => ({
  ids: path.ids,
  logprobs: path.logprobs,
  score: scorePath(path, options),
  finish,
  attention: options.returnAttention ? path.attention : null,
});
