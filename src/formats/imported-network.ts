import type { NetworkInput } from '../network/input.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';

/** A network that others trained, in our terms. */
export interface ImportedNetwork {
  readonly network: NetworkSpec;
  readonly weights: Weights;
  readonly input: NetworkInput;
  /** What others call its input and output, where these are laid out as ours: the batch first, then the steps. */
  readonly tensors?: { readonly input: string; readonly output: string } | undefined;
  /** What was found and decided, for the person who imports it. */
  readonly notes: readonly string[];
}
