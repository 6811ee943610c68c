import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Kernel } from '../../kernel/kernel.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';
import type { Batch } from '../batch.ts';
import { createLearner } from '../learner.ts';
import type { Learner, LearnerOptions } from '../learner-interface.ts';
import type { Optimiser, OptimiserSpec } from '../optimise/optimiser.ts';
import { createOptimiser } from '../optimise/optimisers/create-optimiser.ts';
import { createPhases, openPhase, waitForShares } from './phases.ts';
import type { FromShardThread, ShardThreadData, ToShardThread } from './shard-messages.ts';
import { runShard, type ShardTask } from './shard-step.ts';
import { computeNorm, createSharedUpdate, createUpdateShare, setNext } from './update-share.ts';

/**
 * Trains a network on batches split into shards, with a learner each. Results do not depend on the number of
 * threads.
 */
export interface Shards {
  /** The first shard's learner. After `differentiate` its parameters have the gradient of the whole batch. */
  readonly learner: Learner;
  readonly optimiser: Pick<Optimiser, 'updates' | 'state' | 'restore'>;
  /** The carried states of all shards, in order. */
  readonly carried: readonly Float32Array[];
  /**
   * Computes the gradient of a batch, summed in the order of its shards; `update` must follow.
   * @returns the loss, and the norm of the gradient
   */
  differentiate(
    batches: readonly Batch[],
    task: Omit<ShardTask, 'batch' | 'shard'>,
  ): Promise<{ loss: number; norm: number }>;
  /**
   * Updates the parameters of all shards.
   * @param scale factor of the gradient @param limit bound of each scaled gradient
   */
  update(rate: number, scale?: number, limit?: number): Promise<void>;
  reset(): void;
  close(): Promise<void>;
}

export async function createShards(
  kernel: Kernel,
  network: NetworkSpec,
  options: LearnerOptions,
  {
    shards,
    threads,
    weights,
    memoryMegabytes,
    optimiser: optimiserSpec,
  }: { shards: number; threads: number; weights: Weights; memoryMegabytes: number; optimiser: OptimiserSpec },
): Promise<Shards> {
  const count = Math.min(threads, shards);
  const shardsOf = (thread: number): number[] => range(shards).filter((shard) => shard % count === thread);
  const learners = shardsOf(0).map(() => createLearner(kernel, network, options));
  for (const learner of learners) learner.load(weights);

  const phases = createPhases();
  const losses = new Float64Array(new SharedArrayBuffer(8 * shards));
  let failure: unknown = null;
  const workers = range(count - 1).map((index) => {
    const thread = index + 1;
    const own = { shards: shardsOf(thread), thread, threads: count };
    const workerData: ShardThreadData = {
      network,
      options,
      ...own,
      memoryMegabytes,
      weights,
      phases,
      losses,
    };
    const worker = new Worker(new URL('./shard-thread.ts', import.meta.url), { workerData });
    return worker.once('error', (error) => (failure ??= error));
  });
  const terminate = (): Promise<unknown> => Promise.all(workers.map((worker) => worker.terminate()));
  const ready = await Promise.all(
    workers.map(async (worker) => (await once(worker, 'message')) as [FromShardThread]),
  ).catch(async (error: unknown) => {
    await terminate();
    throw error;
  });
  const views = range(shards).map((shard) => {
    const index = Math.floor(shard / count);
    return shard % count === 0 ? learners[index]! : ready[(shard % count) - 1]![0][index]!;
  });
  const post = (index: number, message: ToShardThread): void => workers[index]!.postMessage(message);

  const learner = learners[0]!;
  const optimiser = createOptimiser(learner.parameters, optimiserSpec);
  const shared = createSharedUpdate(
    views.map(({ parameters }) => parameters),
    optimiserSpec,
    optimiser.slots,
  );
  workers.forEach((_, index) => post(index, { kind: 'share', shared }));
  const share = createUpdateShare(shared, 0, count);
  let resetOthers = false;
  let phase = 0;
  /** Waits for the other threads' shares of this phase, and opens the next one. */
  const nextPhase = async (): Promise<void> => {
    await othersFinish();
    openPhase(phases);
  };
  const othersFinish = (): Promise<void> =>
    waitForShares(phases, ++phase * workers.length, () => {
      if (failure) throw failure;
    });

  return {
    learner,
    optimiser,
    carried: views.flatMap(({ carried }) => carried),
    async differentiate(batches, task) {
      // the last batch of an epoch may have fewer shards
      const tasks = batches.map((batch, shard): ShardTask => ({ ...task, batch, shard }));
      const tasksOf = (thread: number): ShardTask[] => tasks.filter(({ shard }) => shard % count === thread);
      const step = { kind: 'step', reset: resetOthers, shards: batches.length } as const;
      workers.forEach((_, index) => post(index, { ...step, tasks: tasksOf(index + 1) }));
      resetOthers = false;
      tasksOf(0).forEach((own, i) => (losses[own.shard] = runShard(learners[i]!, own)));
      await nextPhase();
      share.sum(batches.length);
      await othersFinish();
      const loss = losses.subarray(0, batches.length).reduce((sum, one) => sum + one, 0);
      return { loss, norm: computeNorm(shared) };
    },
    async update(rate, scale, limit) {
      setNext(shared, optimiser.next(rate, scale, limit));
      openPhase(phases);
      share.update();
      await nextPhase();
      for (const own of learners) own.refresh();
    },
    reset() {
      for (const own of learners) own.reset();
      resetOthers = true;
    },
    async close() {
      await terminate();
      for (const own of learners) own.free();
    },
  };
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
