import { UnrollError } from '../../errors.ts';
import { networkTensors, resolveNetwork, type ResolvedNetwork } from '../../network/encoder-decoder.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import { isFrozen, computeLearnerBytes } from '../learner.ts';
import type { LearnerOptions } from '../learner-interface.ts';
import { countOptimiserSlots } from '../optimise/optimisers/create-optimiser.ts';
import type { TrainingSpec } from '../training-spec.ts';

// What one thread of a training run needs, in bytes, from shapes alone: before anything is allocated.

export interface MemoryNeed {
  readonly weights: number;
  readonly gradients: number;
  readonly optimiserState: number;
  /** Activations of a batch and what layers compute in; 0 where the data is not known yet. */
  readonly activations: number;
}

type Hyperparameters = Pick<TrainingSpec['hyperparameters'], 'shards' | 'optimizer'>;

/** @param threads that share the shards of a batch; the first has the most of them, and the optimiser */
export function computeMemoryNeed(
  network: NetworkSpec,
  options: LearnerOptions,
  hyperparameters: Hyperparameters,
  threads: number,
): MemoryNeed {
  const resolved = resolveNetwork(network, options.input, options.source ?? null);
  const least = computeParameterMemory(resolved, hyperparameters, threads, options.frozen);
  const bytes = computeLearnerBytes(network, options) * learnersOf(hyperparameters, threads);
  return { ...least, activations: Math.max(0, bytes - least.weights - least.gradients) };
}

/** What the parameters need, whatever the batches. */
export function computeParameterMemory(
  network: ResolvedNetwork,
  hyperparameters: Hyperparameters,
  threads: number,
  frozen: ReadonlySet<string> = new Set(),
): MemoryNeed {
  let all = 0;
  let learning = 0;
  for (const [, tensors] of networkTensors(network))
    for (const [name, shape] of tensors) {
      const floats = shape.reduce((product, size) => product * size, 1);
      all += floats;
      if (!isFrozen(name, frozen)) learning += floats;
    }
  const copies = 4 * all * learnersOf(hyperparameters, threads);
  const optimiserState = 4 * learning * countOptimiserSlots(hyperparameters.optimizer);
  return { weights: copies, gradients: copies, optimiserState, activations: 0 };
}

/** Each shard of a thread has a copy of the network. */
const learnersOf = ({ shards }: Hyperparameters, threads: number): number =>
  Math.ceil(shards / Math.min(threads, shards));

/** @throws UnrollError training_too_large, with the figures */
export function checkMemoryNeed(need: MemoryNeed, megabytes: number): void {
  const { weights, gradients, optimiserState, activations } = need;
  const total = weights + gradients + optimiserState + activations;
  if (total <= megabytes * megabyte) return;
  const parts = [
    `weights ${inMegabytes(weights)}`,
    `gradients ${inMegabytes(gradients)}`,
    `optimiser state ${inMegabytes(optimiserState)}`,
    ...(activations > 0 ? [`activations of a batch ${inMegabytes(activations)}`] : []),
  ];
  throw new UnrollError(
    'training_too_large',
    `training needs ${activations > 0 ? '' : 'at least '}${inMegabytes(total)} MB (${parts.join(', ')}), at most ${megabytes} MB are allowed (UNROLL_TRAINING_MEMORY_MB): try a smaller network, batch_size or max_steps`,
  );
}

const megabyte = 2 ** 20;
const inMegabytes = (bytes: number): string => (bytes / megabyte).toFixed(1);
