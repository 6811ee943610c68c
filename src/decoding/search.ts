// Search for a decoder's output: one path, greedy or sampled, or the best of a beam. A search is independent
// of the network: it receives logits and returns which rows continue with which ids. All arithmetic is
// float64 in one order, so that results do not depend on the batch.

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
  /** beam: paths kept at a time, and how many finished ones are returned. */
  readonly beamSize: number;
  readonly hypotheses: number;
  /** beam: it ends at the latest when patience · beamSize paths have finished (Kasai et al. 2022). */
  readonly patience: number;
  /**
   * α of ((5 + length) / 6)^α, which a path's log-probability is divided by; β of Σ_i ln min(Σ_j a_ij, 1) (Wu
   * et al. 2016).
   */
  readonly lengthPenalty: number;
  readonly coveragePenalty: number;
  /** Tokens of an output, without its end. */
  readonly maxLength: number;
  readonly minLength: number;
  /** No run of this many tokens occurs twice in an output; 0 allows all. */
  readonly noRepeatNgram: number;
  /** Ids that every output begins with. */
  readonly prefix: readonly number[];
  /** Ids that no output contains. */
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
  /** One for each token, including the end if it was reached. */
  readonly logprobs: readonly number[];
  readonly score: number;
  readonly finish: 'stop' | 'length';
  /** A row for each token, including the end: the attention weight of each step of the source. */
  readonly attention: readonly Float32Array[] | null;
}

export interface SearchStep {
  /** The rows of this step that continue, in order; a row that occurs twice forks. */
  readonly keep: readonly number[];
  /** The next input of each of them. */
  readonly ids: readonly number[];
  /** Tokens that are now certain to be in the best output. */
  readonly emitted: readonly DecodedToken[];
  /** The outputs, best first, when the search is over. */
  readonly done: readonly Hypothesis[] | null;
}

export interface Search {
  /** Maximum number of rows. */
  readonly rows: number;
  /**
   * Advances the search. logits [live, width] of the rows kept, initially one after the start id; not
   * modified.
   * @param attention of every row
   * @throws UnrollError input_mismatch when every token is forbidden
   */
  next(logits: Float32Array, width: number, attention: readonly Float32Array[] | null): SearchStep;
}

export interface SearchVocabulary {
  readonly startId: number;
  readonly endId: number;
}
