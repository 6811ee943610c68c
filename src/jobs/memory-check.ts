import { smallestNetwork } from '../training/run/smallest-network.ts';
import { checkMemoryNeed, computeParameterMemory } from '../training/run/memory-need.ts';
import type { TrainingSpec } from '../training/training-spec.ts';

/**
 * Rejects a job whose parameters alone exceed the memory limit, before its data is read. The memory that
 * depends on the data is checked when the job runs. @throws UnrollError training_too_large
 */
export function checkMemory(spec: TrainingSpec, threads: number, megabytes: number): void {
  const network = smallestNetwork(spec);
  if (!network) return;
  checkMemoryNeed(
    computeParameterMemory(network, spec.hyperparameters, threads, new Set(spec.frozen)),
    megabytes,
  );
}
