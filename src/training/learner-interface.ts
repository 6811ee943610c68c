import type { Crf } from '../decoding/crf/potentials.ts';
import type { Rng } from '../random.ts';
import type { NetworkInput } from '../network/input.ts';
import type { Weights } from '../network/weights.ts';
import type { Batch } from './batch.ts';
import type { Block, Capacity, GateStatistics, GradientFlow, Parameter } from '../network/learning/layer.ts';
import type { LossSpec } from './optimise/loss.ts';

export interface LearnerOptions {
  readonly input: NetworkInput;
  /** What the encoder reads, where there is one. */
  readonly source?: NetworkInput;
  readonly capacity: Capacity;
  readonly sourceCapacity?: Capacity;
  readonly loss: LossSpec;
  /** Layers (by name, `encoder.` before an encoder's; `encoder` and `bridge` for all of theirs) whose weights stay. */
  readonly frozen?: ReadonlySet<string>;
}

/** A network in kernel memory that learns. */
export interface Learner {
  /** What an optimiser changes: the frozen are not among them. */
  readonly parameters: readonly Parameter[];
  /** What answers for a sequence's labels together, as views, where the network ends in a crf. */
  readonly chain: Crf | null;
  load(weights: Weights): void;
  save(): Weights;
  /** Forgets the states carried over from the batch before. */
  reset(): void;
  /** The states carried to the next batch, as views: what a checkpoint must keep. */
  readonly carried: readonly Float32Array[];
  /**
   * Σ weight · loss of a batch; nothing is dropped.
   * @param see is shown the logits [packed, padded(width)] before the loss overwrites them
   */
  measure(batch: Batch, see?: (logits: Block, width: number) => void): number;
  /** The same with dropout, leaving its gradient in the parameters. */
  differentiate(batch: Batch, random: Rng, flow?: GradientFlow): number;
  /** How the gates of each recurrent node stood in the last pass. */
  gateStatistics(): { node: string; gates: GateStatistics[] }[];
  /** To be called when the parameters' values have changed. */
  refresh(): void;
  /** Gives its memory back. */
  free(): void;
}
