import { flushCompileCache } from 'node:module';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openWorkerChannel } from '../channel/channel.ts';
import type { Control, FromWorker, ToWorker, WorkerData } from '../channel/messages.ts';
import { countSequences, countTick } from './tick-counters.ts';
import { createWorkerLoop } from './worker-loop.ts';

// A worker thread's whole life: take what has come, run a tick, sleep when there is nothing to do. It never returns to
// its event loop; the main thread ends it.

const { memory, channel: shared, counters: sharedCounters, control } = workerData as WorkerData;
const channel = openWorkerChannel<FromWorker, ToWorker>(shared);
const counters = new Float64Array(sharedCounters);
const loop = createWorkerLoop({
  memory,
  send: (message) => channel.send(message),
  count: (tick) => countTick(counters, tick),
  now: () => performance.now(),
});

channel.send({ kind: 'ready' });
// this thread never ends by itself, which is when node would
flushCompileCache();
for (;;) {
  const seen = channel.readVersion();
  for (let posted = receiveMessageOnPort(control); posted; posted = receiveMessageOnPort(control))
    loop.control(posted.message as Control);
  for (let message = channel.receive(); message; message = channel.receive()) loop.message(message);
  const ran = loop.tick();
  countSequences(counters, loop.sequences);
  if (!ran) channel.wait(seen);
}
