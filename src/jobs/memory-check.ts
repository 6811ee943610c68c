import { leastNetwork } from '../training/run/least-network.ts';
import { checkMemoryNeed, leastMemory } from '../training/run/memory-need.ts';
import type { TrainingSpec } from '../training/training-spec.ts';

/**
 * Refuses a job whose parameters alone need more memory than a job may take, before its data is read. What depends on the data is
 * checked when the job runs. @throws UnrollError training_too_large
 */
export function checkMemory(spec: TrainingSpec, threads: number, megabytes: number): void {
  const network = leastNetwork(spec);
  if (!network) return;
  checkMemoryNeed(leastMemory(network, spec.hyperparameters, threads, new Set(spec.frozen)), megabytes);
}
