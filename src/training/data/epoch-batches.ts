import type { Batch } from '../batch.ts';
import type { Capacity } from '../../network/learning/layer.ts';

/** An epoch's batches, each as what `batch` makes it from. */
export interface Batches {
  readonly batchesPerEpoch: number;
  /** The most a batch's shard may hold. */
  readonly capacity: Capacity;
  readonly sourceCapacity: Capacity | null;
  /** Whether a batch goes on where the one before ended. */
  readonly carriesState: boolean;
  /** The batches of an epoch: the same for a seed, whatever came before. */
  epoch(number: number): readonly (readonly number[])[];
  batch(one: readonly number[]): Batch;
}

export interface BatchOptions {
  readonly batchSize: number;
  readonly seed: number;
  readonly shards: number;
  /** generate from a stream: backpropagation through k2 steps every k1. */
  readonly truncate?: { readonly k1: number; readonly k2: number } | undefined;
  /** Measuring needs no chance. */
  readonly shuffle: boolean;
}
