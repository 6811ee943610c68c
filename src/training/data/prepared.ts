import type { NetworkInput } from '../../network/input.ts';
import type { ModelSpec } from '../../network/spec.ts';

/** One sequence as a network learns from it. */
export interface Example {
  readonly steps: number;
  /** Ids [steps][columns], or features [steps][width]. */
  readonly input: Int32Array | Float32Array;
  /** decode: ids [source steps][columns] */
  readonly source: Int32Array | null;
  /** Class of every step, or of the last one alone. */
  readonly classes: Int32Array | null;
  /** What every step should answer [steps][outputs], or the last one alone [outputs]. */
  readonly values: Float32Array | null;
  /** Where it stands in its file. */
  readonly line: number;
}

export interface Examples {
  /** stream: one long sequence that predicts its own next id. */
  readonly kind: 'sequences' | 'stream';
  readonly list: readonly Example[];
  /** Ids a step, or features; of the input and of the source. */
  readonly inputColumns: number;
  readonly sourceColumns: number;
  readonly outputs: number;
  /** How much each class counts; null when all count the same. */
  readonly classWeights: Float32Array | null;
  /** Judge every step by the sequence's one class or target. */
  readonly everyStep: boolean;
}

/** A job's data, and the model that is to learn from it, without weights. */
export interface PreparedTraining {
  readonly model: ModelSpec;
  readonly input: NetworkInput;
  /** decode: what the encoder reads. */
  readonly source: NetworkInput | null;
  readonly training: Examples;
  readonly validation: Examples | null;
  /** Sequences left out because they are longer than max_steps. */
  readonly skipped: number;
}
