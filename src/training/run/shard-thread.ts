import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createKernel } from '../../cells/create-kernel.ts';
import { createLearner } from '../learner.ts';
import type { Learner } from '../learner-interface.ts';
import type { FromShardThread, ShardThreadData, ToShardThread } from './shard-messages.ts';
import { runShard } from './shard-step.ts';

// A thread that computes the gradients of some shards of a batch, in kernel memory that it shares with the
// run.

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
const send = (message: FromShardThread): void => parentPort!.postMessage(message);

parentPort!.on('message', ({ reset, tasks }: ToShardThread) => {
  for (const learner of learners.values()) {
    learner.refresh();
    if (reset) learner.reset();
  }
  send({ kind: 'losses', losses: tasks.map((task) => runShard(learners.get(task.shard)!, task)) });
});
const toRegion = (view: Float32Array): { at: number; length: number } => ({
  at: view.byteOffset,
  length: view.length,
});
send({
  kind: 'ready',
  memory: kernel.memory.memory,
  learners: [...learners].map(([shard, learner]) => ({
    shard,
    parameters: learner.parameters.map(({ values, gradient }) => ({
      values: toRegion(values),
      gradient: toRegion(gradient),
    })),
    carried: learner.carried.map(toRegion),
  })),
});
