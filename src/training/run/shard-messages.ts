import type { Parameter } from '../../network/learning/layer.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';
import type { LearnerOptions } from '../learner-interface.ts';
import type { Phases } from './phases.ts';
import type { ShardTask } from './shard-step.ts';
import type { SharedUpdate } from './update-share.ts';

export interface ShardThreadData {
  readonly network: NetworkSpec;
  readonly options: LearnerOptions;
  /** Indices of the shards that this thread computes. */
  readonly shards: readonly number[];
  /** This thread's index among all, whose number is `threads`. */
  readonly thread: number;
  readonly threads: number;
  readonly memoryMegabytes: number;
  readonly weights: Weights;
  readonly phases: Phases;
  /** The loss of each shard. */
  readonly losses: Float64Array;
}

/** First the memory of all shards, once they are ready, and then each step. */
export type ToShardThread =
  | { readonly kind: 'share'; readonly shared: SharedUpdate }
  | {
      readonly kind: 'step';
      /** Whether to reset the carried states first. */
      readonly reset: boolean;
      readonly tasks: readonly ShardTask[];
      /** Shards of the batch on all threads. */
      readonly shards: number;
    };

/** A thread is ready: views of the memory of its shards. */
export type FromShardThread = readonly {
  readonly parameters: readonly Parameter[];
  readonly carried: readonly Float32Array[];
}[];
