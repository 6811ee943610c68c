import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createKernel } from '../../cells/create-kernel.ts';
import { createLearner } from '../learner.ts';
import type { Learner } from '../learner-interface.ts';
import { finishShare, waitForPhase } from './phases.ts';
import type { FromShardThread, ShardThreadData, ToShardThread } from './shard-messages.ts';
import { runShard } from './shard-step.ts';
import { createUpdateShare, type UpdateShare } from './update-share.ts';

// A thread that computes the gradients of some shards of a batch, in kernel memory that it shares with the
// run, and then its share of the update.

const data = workerData as ShardThreadData;
const { network, options, phases, losses } = data;
setPriority(19);
const kernel = createKernel({ mode: 'auto', memoryMegabytes: data.memoryMegabytes });
const learners = new Map<number, Learner>(
  data.shards.map((shard) => {
    const learner = createLearner(kernel, network, options);
    learner.load(data.weights);
    return [shard, learner];
  }),
);
let share: UpdateShare | null = null;
let phase = 0;
const nextPhase = (): void => {
  finishShare(phases);
  waitForPhase(phases, ++phase);
};

parentPort!.on('message', (message: ToShardThread) => {
  if (message.kind === 'share') {
    share = createUpdateShare(message.shared, data.thread, data.threads);
    return;
  }
  if (message.reset) for (const learner of learners.values()) learner.reset();
  for (const task of message.tasks) losses[task.shard] = runShard(learners.get(task.shard)!, task);
  nextPhase();
  share!.sum(message.shards);
  nextPhase();
  share!.update();
  nextPhase();
  for (const learner of learners.values()) learner.refresh();
});
const ready: FromShardThread = [...learners.values()].map(({ parameters, carried }) => ({
  parameters,
  carried,
}));
parentPort!.postMessage(ready);
