import { UnrollError } from '../../errors.ts';
import { networkTensors, resolveNetwork, type ResolvedNetwork } from '../../network/encoder-decoder.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { isFrozen, computeLearnerBytes } from '../learner.ts';
import type { LearnerOptions } from '../learner-interface.ts';
import { countOptimiserSlots } from '../optimise/optimisers/create-optimiser.ts';
import type { TrainingSpec } from '../training-spec.ts';

// Computes the memory of one training thread, in bytes, from shapes, before anything is allocated.

export interface MemoryNeed {
  readonly weights: number;
  readonly gradients: number;
  readonly optimiserState: number;
  /** Activations of a batch and buffers of the layers; 0 if the data is not known yet. */
  readonly activations: number;
}

type Hyperparameters = Pick<TrainingSpec['hyperparameters'], 'shards' | 'optimizer'>;

/**
 * Memory of the first thread, which has the most shards and the optimiser.
 * @param threads that share the shards of a batch
 */
export function computeMemoryNeed(
  network: NetworkSpec,
  options: LearnerOptions,
  hyperparameters: Hyperparameters,
  threads: number,
): MemoryNeed {
  const resolved = resolveNetwork(network, options.input, options.source ?? null);
  const parameterMemory = computeParameterMemory(resolved, hyperparameters, threads, options.frozen);
  const bytes = computeLearnerBytes(network, options) * countLearners(hyperparameters, threads);
  return {
    ...parameterMemory,
    activations: Math.max(0, bytes - parameterMemory.weights - parameterMemory.gradients),
  };
}

/** Memory of the parameters, independent of the batches. */
export function computeParameterMemory(
  network: ResolvedNetwork,
  hyperparameters: Hyperparameters,
  threads: number,
  frozen: ReadonlySet<string> = new Set(),
): MemoryNeed {
  let all = 0;
  let trainable = 0;
  for (const [, tensors] of networkTensors(network))
    for (const [name, shape] of tensors) {
      const floats = shape.reduce((product, size) => product * size, 1);
      all += floats;
      if (!isFrozen(name, frozen)) trainable += floats;
    }
  const copies = 4 * all * countLearners(hyperparameters, threads);
  const optimiserState = 4 * trainable * countOptimiserSlots(hyperparameters.optimizer);
  return { weights: copies, gradients: copies, optimiserState, activations: 0 };
}

/** Number of learners of the first thread: each of its shards has a copy of the network. */
const countLearners = ({ shards }: Hyperparameters, threads: number): number =>
  Math.ceil(shards / Math.min(threads, shards));

/** @throws UnrollError training_too_large, with the figures */
export function checkMemoryNeed(need: MemoryNeed, megabytes: number): void {
  const { weights, gradients, optimiserState, activations } = need;
  const total = weights + gradients + optimiserState + activations;
  if (total <= megabytes * megabyte) return;
  const parts = [
    `weights ${formatMegabytes(weights)}`,
    `gradients ${formatMegabytes(gradients)}`,
    `optimiser state ${formatMegabytes(optimiserState)}`,
    ...(activations > 0 ? [`activations of a batch ${formatMegabytes(activations)}`] : []),
  ];
  throw new UnrollError(
    'training_too_large',
    `training needs ${activations > 0 ? '' : 'at least '}${formatMegabytes(total)} MB (${parts.join(', ')}), at most ${megabytes} MB are allowed (UNROLL_TRAINING_MEMORY_MB): try a smaller network, batch_size or max_steps`,
  );
}

const megabyte = 2 ** 20;
const formatMegabytes = (bytes: number): string => (bytes / megabyte).toFixed(1);
