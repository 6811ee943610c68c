import type { NetworkInput } from '../network/input.ts';
import type { NetworkSpec, TextInput } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';

/** A network of another library, converted to ours. */
export interface ImportedNetwork {
  readonly network: NetworkSpec;
  readonly weights: Weights;
  readonly input: NetworkInput;
  /** The texts that its ids are made of, where the file has their vocabulary. */
  readonly text?: TextInput | undefined;
  /** Id, or value of all features, of steps that are padding and left out. */
  readonly padding?: number | undefined;
  /** Whether the library keeps its state from one sequence to the next. */
  readonly stateful?: boolean;
  /**
   * The source's names of its input and output tensors, when they are laid out like ours: batch, then steps.
   */
  readonly tensors?: { readonly input: string; readonly output: string } | undefined;
  /** Whether it was verified to give the file's one output for its one input, a batch of sequences. */
  readonly givesTensors?: boolean;
  /** Findings and decisions of the conversion, for the person who imports the file. */
  readonly notes: readonly string[];
}
