import { workerData } from 'node:worker_threads';
import { deserialize, serialize } from 'node:v8';
import { openWorkerChannel, type ChannelMemory } from '../../../src/engine/channel/channel.ts';

// Returns each message that it receives, until a stop message.

const channel = openWorkerChannel<unknown, unknown>(workerData as ChannelMemory, {
  encode: serialize,
  decode: deserialize,
});
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
