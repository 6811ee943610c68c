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

/** A network that learns from batches cut into shards, a learner each; which thread runs a shard changes no bit. */
export interface Shards {
  /** The first shard's learner: its parameters are the network's, and after `differentiate` hold the whole gradient. */
  readonly learner: Learner;
  /** The states carried by every shard, in order. */
  readonly carried: readonly Float32Array[];
  /** @returns the loss; gradients are summed in the shards' order */
  differentiate(batches: readonly Batch[], task: Omit<ShardTask, 'batch' | 'shard'>): Promise<number>;
  /** To be called when the values of the learner's parameters have changed. */
  refresh(): void;
  reset(): void;
  close(): Promise<void>;
}

/** One shard as the run sees it, in whatever memory. */
interface Part {
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
  const mine = range(shards).filter((shard) => shard % count === 0);
  const learners = mine.map(() => createLearner(kernel, network, options));
  for (const learner of learners) learner.load(weights);
  const parts: Part[] = [];
  mine.forEach((shard, i) => {
    const { parameters, carried } = learners[i]!;
    parts[shard] = {
      values: parameters.map(({ values }) => values),
      gradients: parameters.map(({ gradient }) => gradient),
      carried,
    };
  });

  const others = await Promise.all(
    range(count - 1).map(async (index) => {
      const own = range(shards).filter((shard) => shard % count === index + 1);
      const data: ShardThreadData = { network, options, shards: own, memoryMegabytes, weights };
      const thread = new Worker(new URL('./shard-thread.ts', import.meta.url), { workerData: data });
      const ready = await next(thread);
      if (ready.kind !== 'ready') throw new Error('a shard thread spoke out of turn');
      const view = ({ at, length }: { at: number; length: number }): Float32Array =>
        new Float32Array(ready.memory.buffer, at, length);
      for (const { shard, parameters, carried } of ready.learners)
        parts[shard] = {
          values: parameters.map(({ values }) => view(values)),
          gradients: parameters.map(({ gradient }) => view(gradient)),
          carried: carried.map(view),
        };
      return { thread, own };
    }),
  );
  let resetOthers = false;

  return {
    learner: learners[0]!,
    carried: parts.flatMap(({ carried }) => carried),
    async differentiate(batches, task) {
      const tasks = batches.map((batch, shard): ShardTask => ({ ...task, batch, shard }));
      const answers = others.map(async ({ thread, own }) => {
        const message: ToShardThread = {
          reset: resetOthers,
          tasks: own.flatMap((shard) => tasks[shard] ?? []),
        };
        thread.postMessage(message);
        return next(thread);
      });
      resetOthers = false;
      const losses: number[] = [];
      // a small last batch may have fewer shards
      mine.forEach((shard, i) => {
        if (tasks[shard]) losses[shard] = runShard(learners[i]!, tasks[shard]);
      });
      (await Promise.all(answers)).forEach((answer, index) => {
        if (answer.kind !== 'ran') return;
        const { own } = others[index]!;
        answer.losses.forEach((loss, i) => (losses[own[i]!] = loss));
      });
      const [first, ...rest] = parts.slice(0, batches.length);
      for (const { gradients } of rest) first!.gradients.forEach((sum, i) => addTo(sum, gradients[i]!));
      return losses.reduce((sum, loss) => sum + loss, 0);
    },
    refresh() {
      const [first, ...rest] = parts;
      for (const { values } of rest) values.forEach((copy, i) => copy.set(first!.values[i]!));
      for (const learner of learners) learner.refresh();
    },
    reset() {
      for (const learner of learners) learner.reset();
      resetOthers = true;
    },
    async close() {
      for (const learner of learners) learner.free();
      await Promise.all(others.map(({ thread }) => thread.terminate()));
    },
  };
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

function addTo(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part[i]!;
}

/** The thread's next message. @throws what ended it instead */
async function next(thread: Worker): Promise<FromShardThread> {
  const [message] = (await once(thread, 'message')) as [FromShardThread];
  return message;
}
