import { flushCompileCache } from 'node:module';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openWorkerChannel } from '../channel/channel.ts';
import { createEncoders, decodeToWorker } from '../channel/frames.ts';
import type { Control, FromWorker, ToWorker, WorkerData } from '../channel/messages.ts';
import { countSequences, countTick } from './tick-counters.ts';
import { createWorkerLoop } from './worker-loop.ts';

// The entry of a worker thread: receives messages, runs a tick, and waits when there is no work. It never
// returns to its event loop; the main thread terminates it.

const { memory, channel: shared, counters: sharedCounters, control } = workerData as WorkerData;
const channel = openWorkerChannel<FromWorker, ToWorker>(shared, {
  encode: createEncoders().toMain,
  decode: decodeToWorker,
});
const counters = new Float64Array(sharedCounters);
const loop = createWorkerLoop({
  memory,
  send: (message) => channel.send(message),
  count: (tick) => countTick(counters, tick),
  now: () => performance.now(),
});

channel.send({ kind: 'ready' });
// Node flushes it when a thread ends by itself, which this one never does
flushCompileCache();
for (;;) {
  const version = channel.readVersion();
  for (let posted = receiveMessageOnPort(control); posted; posted = receiveMessageOnPort(control))
    loop.control(posted.message as Control);
  for (let message = channel.receive(); message; message = channel.receive()) loop.message(message);
  const ran = loop.tick();
  countSequences(counters, loop.sequences);
  if (!ran) channel.wait(version);
}
