import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createKernel } from '../../cells/create-kernel.ts';
import { createLearner } from '../learner.ts';
import type { Learner } from '../learner-interface.ts';
import type { FromShardThread, ShardThreadData, ToShardThread } from './shard-messages.ts';
import { runShard } from './shard-step.ts';

// A thread that computes the gradients of some of a batch's shards, in memory of its own that the run can see.

const { network, options, shards, memoryMegabytes, weights } = workerData as ShardThreadData;
setPriority(19);
const kernel = createKernel({ mode: 'auto', memoryMegabytes });
const learners = new Map<number, Learner>(
  shards.map((shard) => {
    const learner = createLearner(kernel, network, options);
    learner.load(weights);
    return [shard, learner];
  }),
);
const say = (message: FromShardThread): void => parentPort!.postMessage(message);

parentPort!.on('message', ({ reset, tasks }: ToShardThread) => {
  for (const learner of learners.values()) {
    learner.refresh();
    if (reset) learner.reset();
  }
  say({ kind: 'ran', losses: tasks.map((task) => runShard(learners.get(task.shard)!, task)) });
});
const place = (view: Float32Array): { at: number; length: number } => ({
  at: view.byteOffset,
  length: view.length,
});
say({
  kind: 'ready',
  memory: kernel.memory.memory,
  learners: [...learners].map(([shard, learner]) => ({
    shard,
    parameters: learner.parameters.map(({ values, gradient }) => ({
      values: place(values),
      gradient: place(gradient),
    })),
    carried: learner.carried.map(place),
  })),
});
