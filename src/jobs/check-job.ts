import type { Repository } from '../repository/repository-interface.ts';
import { computeParameterMemory } from '../training/run/memory-need.ts';
import { smallestNetwork } from '../training/run/smallest-network.ts';
import type { TrainingSpec } from '../training/training-spec.ts';
import type { Datasets } from './datasets.ts';
import type { Viewer } from './job.ts';

/** What is known of a job before its data is read. */
export interface CheckedJob {
  readonly spec: TrainingSpec;
  /** The least bytes of weights, gradients and optimiser state; null with a base. */
  readonly leastBytes: number | null;
}

/**
 * Checks what a job names: its datasets and its base. Creates nothing.
 * @throws UnrollError dataset_not_found, model_not_found, model_not_ready
 */
export async function checkJob(
  spec: TrainingSpec,
  viewer: Viewer,
  parts: {
    readonly datasets: Pick<Datasets, 'file'>;
    readonly repository: Pick<Repository, 'acquire'>;
    readonly threads: number;
  },
): Promise<CheckedJob> {
  for (const given of [spec.data, spec.validation])
    if ('dataset' in given) await parts.datasets.file(given.dataset, viewer);
  if (spec.base !== undefined) parts.repository.acquire(spec.base).release();
  const network = smallestNetwork(spec);
  const frozen = new Set(spec.frozen);
  const need = network && computeParameterMemory(network, spec.hyperparameters, parts.threads, frozen);
  return { spec, leastBytes: need && need.weights + need.gradients + need.optimiserState };
}
