import type { Crf } from '../decoding/crf/potentials.ts';
import type { Rng } from '../random.ts';
import type { NetworkInput } from '../network/input.ts';
import type { Weights } from '../network/weights.ts';
import type { Batch } from './batch.ts';
import type { Block, Capacity, GateStatistics, GradientFlow, Parameter } from '../network/learning/layer.ts';
import type { LossSpec } from './optimise/loss.ts';

export interface LearnerOptions {
  readonly input: NetworkInput;
  /** The encoder's input, for an encoder-decoder. */
  readonly source?: NetworkInput;
  readonly capacity: Capacity;
  readonly sourceCapacity?: Capacity;
  readonly loss: LossSpec;
  /**
   * Layers (by name, `encoder.` before an encoder's; `encoder` and `bridge` for all layers of these) whose weights
   * are not trained.
   */
  readonly frozen?: ReadonlySet<string>;
}

/** A trainable network in kernel memory. */
export interface Learner {
  /** The trainable parameters, without those of frozen layers. */
  readonly parameters: readonly Parameter[];
  /** Views of the crf's parameters if the network ends in one, else null. */
  readonly chain: Crf | null;
  load(weights: Weights): void;
  save(): Weights;
  /** Resets the states carried over from the previous batch. */
  reset(): void;
  /** Views of the states carried to the next batch, which a checkpoint must store. */
  readonly carried: readonly Float32Array[];
  /**
   * Computes Σ weight · loss of a batch, without dropout.
   * @param onLogits called with the logits [packed, padded(width)] before the loss overwrites them
   */
  measure(batch: Batch, onLogits?: (logits: Block, width: number) => void): number;
  /** Computes the loss of a batch, with dropout, and its gradient into the parameters. */
  differentiate(batch: Batch, random: Rng, flow?: GradientFlow): number;
  /** Gate statistics of each recurrent node in the last pass. */
  gateStatistics(): { node: string; gates: GateStatistics[] }[];
  /** Updates copies of the parameters; to be called after their values have changed. */
  refresh(): void;
  /** Frees the kernel memory. */
  free(): void;
}
