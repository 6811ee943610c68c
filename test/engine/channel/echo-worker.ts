import { workerData } from 'node:worker_threads';
import { openWorkerChannel, type ChannelMemory } from '../../../src/engine/channel/channel.ts';

// Sends back what it is sent, until it is told to stop.

const channel = openWorkerChannel<unknown, unknown>(workerData as ChannelMemory);
for (let over = false; !over;) {
  const seen = channel.readVersion();
  let any = false;
  for (let message = channel.receive(); message !== null && !over; message = channel.receive()) {
    any = true;
    over = message === 'stop';
    channel.send(message);
  }
  if (!any && !over) channel.wait(seen);
}
