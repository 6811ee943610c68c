import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Kernel } from '../../kernel/kernel.ts';
import type { NetworkSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';
import type { Batch } from '../batch.ts';
import { createLearner } from '../learner.ts';
import type { Learner, LearnerOptions } from '../learner-interface.ts';
import type { FromShardThread, ShardThreadData, ToShardThread } from './shard-messages.ts';
import { runShard, type ShardTask } from './shard-step.ts';

/**
 * Trains a network on batches split into shards, with a learner each. Results do not depend on the number of
 * threads.
 */
export interface Shards {
  /** The first shard's learner. After `differentiate` its parameters have the gradient of the whole batch. */
  readonly learner: Learner;
  /** The carried states of all shards, in order. */
  readonly carried: readonly Float32Array[];
  /** Computes the gradient of a batch, summed in the order of its shards. @returns the loss */
  differentiate(batches: readonly Batch[], task: Omit<ShardTask, 'batch' | 'shard'>): Promise<number>;
  /** Copies the parameters to all shards; to be called after they have changed. */
  refresh(): void;
  reset(): void;
  close(): Promise<void>;
}

/** Views of one shard's memory, on this or another thread. */
interface ShardViews {
  readonly values: readonly Float32Array[];
  readonly gradients: readonly Float32Array[];
  readonly carried: readonly Float32Array[];
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
  }: { shards: number; threads: number; weights: Weights; memoryMegabytes: number },
): Promise<Shards> {
  const count = Math.min(threads, shards);
  const ownShards = range(shards).filter((shard) => shard % count === 0);
  const learners = ownShards.map(() => createLearner(kernel, network, options));
  for (const learner of learners) learner.load(weights);
  const shardViews: ShardViews[] = [];
  ownShards.forEach((shard, i) => {
    const { parameters, carried } = learners[i]!;
    shardViews[shard] = {
      values: parameters.map(({ values }) => values),
      gradients: parameters.map(({ gradient }) => gradient),
      carried,
    };
  });

  const otherThreads = await Promise.all(
    range(count - 1).map(async (index) => {
      const threadShards = range(shards).filter((shard) => shard % count === index + 1);
      const data: ShardThreadData = { network, options, shards: threadShards, memoryMegabytes, weights };
      const thread = new Worker(new URL('./shard-thread.ts', import.meta.url), { workerData: data });
      const ready = await nextMessage(thread);
      if (ready.kind !== 'ready') throw new Error('unexpected message of a shard thread');
      const view = ({ at, length }: { at: number; length: number }): Float32Array =>
        new Float32Array(ready.memory.buffer, at, length);
      for (const { shard, parameters, carried } of ready.learners)
        shardViews[shard] = {
          values: parameters.map(({ values }) => view(values)),
          gradients: parameters.map(({ gradient }) => view(gradient)),
          carried: carried.map(view),
        };
      return { thread, threadShards };
    }),
  );
  let resetOthers = false;

  return {
    learner: learners[0]!,
    carried: shardViews.flatMap(({ carried }) => carried),
    async differentiate(batches, task) {
      const tasks = batches.map((batch, shard): ShardTask => ({ ...task, batch, shard }));
      const replies = otherThreads.map(async ({ thread, threadShards }) => {
        const message: ToShardThread = {
          reset: resetOthers,
          tasks: threadShards.flatMap((shard) => tasks[shard] ?? []),
        };
        thread.postMessage(message);
        return nextMessage(thread);
      });
      resetOthers = false;
      const losses: number[] = [];
      // the last batch of an epoch may have fewer shards
      ownShards.forEach((shard, i) => {
        if (tasks[shard]) losses[shard] = runShard(learners[i]!, tasks[shard]);
      });
      (await Promise.all(replies)).forEach((reply, index) => {
        if (reply.kind !== 'losses') return;
        const { threadShards } = otherThreads[index]!;
        reply.losses.forEach((loss, i) => (losses[threadShards[i]!] = loss));
      });
      const [first, ...rest] = shardViews.slice(0, batches.length);
      for (const { gradients } of rest) first!.gradients.forEach((sum, i) => addTo(sum, gradients[i]!));
      return losses.reduce((sum, loss) => sum + loss, 0);
    },
    refresh() {
      const [first, ...rest] = shardViews;
      for (const { values } of rest) values.forEach((copy, i) => copy.set(first!.values[i]!));
      for (const learner of learners) learner.refresh();
    },
    reset() {
      for (const learner of learners) learner.reset();
      resetOthers = true;
    },
    async close() {
      for (const learner of learners) learner.free();
      await Promise.all(otherThreads.map(({ thread }) => thread.terminate()));
    },
  };
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

function addTo(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part[i]!;
}

/** The thread's next message. @throws the error that ended the thread */
async function nextMessage(thread: Worker): Promise<FromShardThread> {
  const [message] = (await once(thread, 'message')) as [FromShardThread];
  return message;
}
