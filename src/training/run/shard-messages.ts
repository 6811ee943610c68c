import type { NetworkSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';
import type { LearnerOptions } from '../learner-interface.ts';
import type { ShardTask } from './shard-step.ts';

export interface ShardThreadData {
  readonly network: NetworkSpec;
  readonly options: LearnerOptions;
  /** Indices of the shards that this thread computes. */
  readonly shards: readonly number[];
  readonly memoryMegabytes: number;
  readonly weights: Weights;
}

/** Tasks of one step; the parameters have changed since the previous message. */
export interface ToShardThread {
  /** Whether to reset the carried states first. */
  readonly reset: boolean;
  readonly tasks: readonly ShardTask[];
}

interface Float32Region {
  readonly at: number;
  readonly length: number;
}
export type FromShardThread =
  | {
      readonly kind: 'ready';
      readonly memory: WebAssembly.Memory;
      readonly learners: readonly {
        readonly shard: number;
        readonly parameters: readonly { readonly values: Float32Region; readonly gradient: Float32Region }[];
        readonly carried: readonly Float32Region[];
      }[];
    }
  | { readonly kind: 'losses'; readonly losses: readonly number[] };
