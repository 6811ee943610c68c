import type { NetworkSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';
import type { LearnerOptions } from '../learner-interface.ts';
import type { ShardTask } from './shard-step.ts';

export interface ShardThreadData {
  readonly network: NetworkSpec;
  readonly options: LearnerOptions;
  /** Which shards of a batch are this thread's. */
  readonly shards: readonly number[];
  readonly memoryMegabytes: number;
  readonly weights: Weights;
}

/** The parameters' values have changed since the message before. */
export interface ToShardThread {
  /** Forget the carried states first. */
  readonly reset: boolean;
  readonly tasks: readonly ShardTask[];
}

interface View {
  readonly at: number;
  readonly length: number;
}
export type FromShardThread =
  | {
      readonly kind: 'ready';
      readonly memory: WebAssembly.Memory;
      readonly learners: readonly {
        readonly shard: number;
        readonly parameters: readonly { readonly values: View; readonly gradient: View }[];
        readonly carried: readonly View[];
      }[];
    }
  | { readonly kind: 'ran'; readonly losses: readonly number[] };
