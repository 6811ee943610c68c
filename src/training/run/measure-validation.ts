import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Learner } from '../learner-interface.ts';
import type { MetricsRun } from '../optimise/metrics/create-metrics.ts';
import type { Batches } from '../data/epoch-batches.ts';

/**
 * Computes the metrics over the validation data. Carried states are restored.
 * @returns null if interrupted
 */
export async function measureValidation(
  learner: Learner,
  validation: Batches,
  metrics: MetricsRun,
  interrupted: () => boolean,
): Promise<{ metrics: Record<string, number>; score: number } | null> {
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
