import type { Plan } from '../network/layers/layer.ts';

// Training batches: packed sequences, longest first (plan.ts), with the target of each step.

/** Inputs in packed order. Several ids a step are stored by column: [columns][packed]. */
export interface Sequences {
  readonly plan: Plan;
  readonly ids?: Int32Array;
  /** [packed, width] */
  readonly features?: Float32Array;
}

/** Targets in packed order. Weight 0 masks a step. */
export type Targets = {
  /** Weight of each packed step in the loss. */
  readonly weights: Float32Array;
} & (
  | { /** Target class of each step. */ readonly classes: Int32Array; readonly values?: undefined }
  | {
      /** Target values of each step [packed, width]. */ readonly values: Float32Array;
      readonly classes?: undefined;
    }
);

export interface Batch extends Sequences {
  readonly targets: Targets;
  /**
   * Encoder-decoder: the sources, sorted by their own length; sourceRows[row of the batch] is the source's row.
   */
  readonly source?: Sequences & { readonly sourceRows: Int32Array };
  /** Steps after which the state is carried to the next batch; all steps by default. */
  readonly carryAfter?: number;
}
