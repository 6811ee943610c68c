import type { DecodeOptions, Hypothesis } from './search.ts';

/** An output so far. */
export interface Path {
  readonly ids: readonly number[];
  readonly logprobs: readonly number[];
  /** Σ logprobs */
  readonly sum: number;
  readonly attention: readonly Float32Array[];
}

export const emptyPath: Path = { ids: [], logprobs: [], sum: 0, attention: [] };

/** @param ends whether the token is the end, which is no part of the output */
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

/** The most that a path can still score: nothing more to pay, at the length that divides it best. */
export function maxPossibleScore({ sum, logprobs }: Path, options: DecodeOptions): number {
  const { lengthPenalty: alpha, maxLength } = options;
  const length = alpha > 0 ? maxLength + 1 : logprobs.length + 1;
  return sum / lengthFactor(length, alpha);
}

/** A step of the source that was never looked at would cost everything: it is taken as looked at a little. */
const minCoverage = 1e-9;

function coverage(attention: readonly Float32Array[]): number {
  const [first] = attention;
  if (!first) return 0;
  let total = 0;
  for (let i = 0; i < first.length; i++) {
    let looked = 0;
    for (const row of attention) looked += row[i]!;
    total += Math.log(Math.min(1, Math.max(minCoverage, looked)));
  }
  return total;
}

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
