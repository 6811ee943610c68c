import { createRng, type Rng } from '../../random.ts';
import type { Batch } from '../batch.ts';
import type { Learner } from '../learner-interface.ts';
import { applyScheduledSampling } from './scheduled-sampling.ts';

/** One shard's part of one step. */
export interface ShardTask {
  readonly batch: Batch;
  readonly step: number;
  readonly shard: number;
  /** scheduled sampling: share of the decoder's inputs that are its own. */
  readonly samplingProbability: number;
  readonly seed: number;
}

/** Random streams 0 … 2²⁰ − 1 of a seed are for what is drawn once or once an epoch. */
const firstStream = 2 ** 20;

/** The same numbers for a step and shard of a seed whoever draws them, whenever: a checkpoint needs no generator's state. */
const randomOf = ({ seed, step, shard }: ShardTask): Rng => createRng(seed, firstStream + step * 16 + shard);

/** Leaves the gradient in the learner's parameters. @returns the loss */
export function runShard(learner: Learner, task: ShardTask): number {
  const random = randomOf(task);
  return learner.differentiate(
    applyScheduledSampling(learner, task.batch, task.samplingProbability, random),
    random,
  );
}
