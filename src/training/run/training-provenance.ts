import type { RunRequest } from './run-messages.ts';

/** The provenance of a trained model in its model.json. */
export function createTrainingProvenance(
  { spec }: RunRequest,
  step: number,
  seconds: number,
  metrics: Record<string, number>,
): Record<string, unknown> {
  const { task, base, frozen, hyperparameters, budget, seed } = spec;
  return {
    task,
    ...(base && { base, frozen }),
    hyperparameters,
    budget,
    seed,
    step,
    minutes: Math.round(seconds / 6) / 10,
    metrics,
  };
}
