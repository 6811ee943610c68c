import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Learner } from '../learner-interface.ts';
import type { MetricsRun } from '../optimise/metrics/create-metrics.ts';
import type { Batches } from '../data/epoch-batches.ts';

/** Every metric over all of the validation data; null when it was interrupted. Carried states are as before. */
export async function measureValidation(
  learner: Learner,
  tests: Batches,
  metrics: MetricsRun,
  interrupted: () => boolean,
): Promise<{ metrics: Record<string, number>; score: number } | null> {
  const kept = learner.carried.map((state) => state.slice());
  learner.reset();
  let over = true;
  for (const one of tests.epoch(0)) {
    if (!tests.carriesState) learner.reset();
    const batch = tests.batch(one);
    metrics.addLoss(learner.measure(batch, (logits, width) => metrics.addLogits(logits, width, batch)));
    // lets a command in
    await nextTurn();
    over = !interrupted();
    if (!over) break;
  }
  learner.carried.forEach((state, i) => state.set(kept[i]!));
  return over ? metrics.results() : null;
}
