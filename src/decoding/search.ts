// What a decoder writes: one path, greedy or drawn, or the best of a beam of them. A search knows no network: it is shown
// logits and says which rows go on with which ids. All of it is float64 in one order, so that company changes nothing.

/** Plain data. */
export interface DecodeOptions {
  readonly mode: 'greedy' | 'sample' | 'beam';
  /** sample */
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly seed: number;
  readonly choice: number;
  /** beam: paths that live at a time, and how many of the finished are wanted. */
  readonly beamSize: number;
  readonly hypotheses: number;
  /** beam: it ends at the latest when patience · beamSize paths have finished (Kasai et al. 2022). */
  readonly patience: number;
  /** α of ((5 + length) / 6)^α, which a path's log-probability is divided by; β of Σ_i ln min(Σ_j a_ij, 1) (Wu et al. 2016). */
  readonly lengthPenalty: number;
  readonly coveragePenalty: number;
  /** Tokens of an output, its end not counted. */
  readonly maxLength: number;
  readonly minLength: number;
  /** No run of so many tokens stands twice in an output; 0 allows all. */
  readonly noRepeatNgram: number;
  /** Ids that every output begins with. */
  readonly prefix: readonly number[];
  /** Ids that no output holds. */
  readonly suppress: readonly number[];
  readonly returnAttention: boolean;
}

export interface DecodedToken {
  readonly index: number;
  readonly id: number;
  readonly logprob: number;
}

export interface Hypothesis {
  /** Without the end id. */
  readonly ids: readonly number[];
  /** Of every token, the end included where it came. */
  readonly logprobs: readonly number[];
  readonly score: number;
  readonly finish: 'stop' | 'length';
  /** A row a token, the end included: how much each step of the source was looked at. */
  readonly attention: readonly Float32Array[] | null;
}

export interface SearchStep {
  /** Which of this step's rows go on, in order; a row that stands twice forks. */
  readonly keep: readonly number[];
  /** What each of them is fed next. */
  readonly ids: readonly number[];
  /** Tokens that are now certain to stand in the best output. */
  readonly emitted: readonly DecodedToken[];
  /** The outputs, best first, when the search is over. */
  readonly done: readonly Hypothesis[] | null;
}

export interface Search {
  /** Most rows it may hold. */
  readonly rows: number;
  /**
   * logits [live, width] of the rows kept, one row at first, after the start id; they are not changed.
   * @param attention of every row
   * @throws UnrollError input_mismatch when every token is forbidden
   */
  next(logits: Float32Array, width: number, attention: readonly Float32Array[] | null): SearchStep;
}

export interface SearchVocabulary {
  readonly startId: number;
  readonly endId: number;
}
