import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { deserialize, serialize } from 'node:v8';
import { createChannelMemory, openMainChannel } from '../../../src/engine/channel/channel.ts';

/** Sends all messages at once or one by one, and collects those that an echo thread returns. */
async function echo(messages: readonly unknown[], capacity: number, atOnce: number): Promise<unknown[]> {
  const memory = createChannelMemory(capacity);
  const channel = openMainChannel<unknown, unknown>(memory, { encode: serialize, decode: deserialize });
  const thread = new Worker(new URL('./echo-worker.ts', import.meta.url), { workerData: memory });
  const received: unknown[] = [];
  let sent = 0;
  while (received.length < messages.length) {
    for (let message = channel.receive(); message !== null; message = channel.receive())
      received.push(message);
    while (sent < messages.length && sent - received.length < atOnce) channel.send(messages[sent++]);
    if (received.length < messages.length) await channel.wait();
  }
  channel.send('stop');
  await once(thread, 'exit');
  return received;
}

const numbered = (count: number, chooseSize: (index: number) => number): unknown[] =>
  Array.from({ length: count }, (_, index) => ({
    index,
    values: Float32Array.from({ length: chooseSize(index) }, (_, k) => index + k / 4),
    text: 'é'.repeat(index % 5),
  }));

test('transfers messages in both directions in order, all at once and one by one', async () => {
  const messages = numbered(2000, (index) => index % 7);
  expect(await echo(messages, 4096, 1)).toEqual(messages);
  expect(await echo(messages, 4096, Infinity)).toEqual(messages);
});

test('transfers messages larger than the ring buffer while both directions are full', async () => {
  const messages = numbered(60, (index) => (index % 3 === 0 ? 3000 : index));
  expect(await echo(messages, 512, Infinity)).toEqual(messages);
});

test('transfers messages a little larger than the ring buffer one by one', async () => {
  const messages = numbered(200, () => 1100);
  expect(await echo(messages, 4096, 1)).toEqual(messages);
});
