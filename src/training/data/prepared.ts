import type { NetworkInput } from '../../network/input.ts';
import type { ModelSpec } from '../../network/spec.ts';

/** One training sequence. */
export interface Example {
  readonly steps: number;
  /** Ids [steps][columns], or features [steps][width]. */
  readonly input: Int32Array | Float32Array;
  /** decode: ids [source steps][columns] */
  readonly source: Int32Array | null;
  /** Class of every step, or of the last one alone. */
  readonly classes: Int32Array | null;
  /** Target of every step [steps][outputs], or of the last one alone [outputs]. */
  readonly values: Float32Array | null;
  /** Line in its file. */
  readonly line: number;
}

export interface Examples {
  /** stream: one long sequence, whose targets are its own next ids. */
  readonly kind: 'sequences' | 'stream';
  readonly list: readonly Example[];
  /** Ids or features a step, of the input and of the source. */
  readonly inputColumns: number;
  readonly sourceColumns: number;
  readonly outputs: number;
  /** Weight of each class in the loss; null if all are equal. */
  readonly classWeights: Float32Array | null;
  /** Whether a sequence's one class or target applies to every step. */
  readonly everyStep: boolean;
}

/** A job's data, and the model to train, without weights. */
export interface PreparedTraining {
  readonly model: ModelSpec;
  readonly input: NetworkInput;
  /** decode: the encoder's input. */
  readonly source: NetworkInput | null;
  readonly training: Examples;
  readonly validation: Examples | null;
  /** Number of sequences skipped because they are longer than max_steps. */
  readonly skipped: number;
}
