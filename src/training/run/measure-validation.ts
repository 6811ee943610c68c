import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Learner } from '../learner-interface.ts';
import type { MetricsRun } from '../optimise/metrics/create-metrics.ts';
import { createBatches } from '../data/batches.ts';
import type { Batches } from '../data/epoch-batches.ts';
import type { Examples } from '../data/prepared.ts';
import type { TrainingSpec } from '../training-spec.ts';

/** The batches in which validation data is measured. */
export const createValidationBatches = (
  examples: Examples,
  { hyperparameters: { batch_size, shards, truncate }, seed }: Pick<TrainingSpec, 'hyperparameters' | 'seed'>,
): Batches =>
  createBatches(examples, {
    batchSize: Math.ceil(batch_size / shards),
    seed,
    shards: 1,
    truncate: truncate && { k1: truncate.k2, k2: truncate.k2 },
    shuffle: false,
  });

/**
 * Computes the metrics over the validation data. Carried states are restored.
 * @returns null if interrupted
 */
export async function measureValidation(
  learner: Learner,
  validation: Batches,
  metrics: MetricsRun,
  interrupted: () => boolean,
): Promise<ReturnType<MetricsRun['results']> | null> {
  const savedStates = learner.carried.map((state) => state.slice());
  learner.reset();
  let completed = true;
  for (const one of validation.epoch(0)) {
    if (!validation.carriesState) learner.reset();
    const batch = validation.batch(one);
    metrics.addLoss(learner.measure(batch, (logits, width) => metrics.addLogits(logits, width, batch)));
    // lets commands arrive
    await nextTurn();
    completed = !interrupted();
    if (!completed) break;
  }
  learner.carried.forEach((state, i) => state.set(savedStates[i]!));
  return completed ? metrics.results() : null;
}
