import { createRng, type Rng } from '../../random.ts';
import type { Batch } from '../batch.ts';
import type { Learner } from '../learner-interface.ts';
import { applyScheduledSampling } from './scheduled-sampling.ts';

/** The computation of one shard in one step. */
export interface ShardTask {
  readonly batch: Batch;
  readonly step: number;
  readonly shard: number;
  /** Scheduled sampling: probability that a decoder input is replaced by a prediction. */
  readonly samplingProbability: number;
  readonly seed: number;
}

/** Streams 0 … 2²⁰ − 1 of the seed are used once a run or once an epoch. */
const firstStream = 2 ** 20;

/**
 * The random numbers of a step and shard, independent of thread and time: checkpoints store no generator
 * state.
 */
const createStepRng = ({ seed, step, shard }: ShardTask): Rng =>
  createRng(seed, firstStream + step * 16 + shard);

/** Computes the gradient into the learner's parameters. @returns the loss */
export function runShard(learner: Learner, task: ShardTask): number {
  const random = createStepRng(task);
  return learner.differentiate(
    applyScheduledSampling(learner, task.batch, task.samplingProbability, random),
    random,
  );
}
