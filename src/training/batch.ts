import type { Plan } from '../network/layers/layer.ts';

// Sequences as a network learns from them: packed, longest first (plan.ts), with what each step should answer.

/** Steps in packed order. Ids of a network whose steps have several ids stand column after column: [columns][packed]. */
export interface Sequences {
  readonly plan: Plan;
  readonly ids?: Int32Array;
  /** [packed, width] */
  readonly features?: Float32Array;
}

/** Weight 0 counts nothing: a mask. */
export type Targets = {
  /** How much each packed step counts. */
  readonly weights: Float32Array;
} & (
  | { /** The class each step should answer. */ readonly classes: Int32Array; readonly values?: undefined }
  | {
      /** What each step should answer [packed, width]. */ readonly values: Float32Array;
      readonly classes?: undefined;
    }
);

export interface Batch extends Sequences {
  readonly targets: Targets;
  /** Encoder-decoder: the sources, in their own order of length; rowOf[row of the batch] is the source's row. */
  readonly source?: Sequences & { readonly rowOf: Int32Array };
  /** Steps after which the state is kept for the next batch; all of them by default. */
  readonly carryAfter?: number;
}
