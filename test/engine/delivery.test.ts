import { expect, test } from 'vitest';
import { createDelivery, type SequenceEvent } from '../../src/engine/delivery.ts';
import type { OutputsEvent, TokenEvent } from '../../src/engine/channel/messages.ts';

const outputs = (first: number, ...values: number[]): OutputsEvent => ({
  kind: 'outputs',
  first,
  steps: values.length,
  width: 1,
  values: Float32Array.from(values),
});
const token = (index: number): TokenEvent => ({
  kind: 'token',
  index,
  id: index,
  text: 'x',
  logprob: -1,
  top: [],
});
const done: SequenceEvent = { kind: 'done', finish: null, steps: 5, queuedMs: 0, runMs: 0, state: null };
const all = (events: AsyncIterable<SequenceEvent>): Promise<SequenceEvent[]> => Array.fromAsync(events);

test('delivers events in order, whether queued before the read or after it', async () => {
  const delivery = createDelivery({ onAbandon: () => {} });
  delivery.deliver(outputs(0, 1));
  const read = all(delivery.events);
  await Promise.resolve();
  delivery.deliver(outputs(1, 2));
  delivery.done(done);
  expect(await read).toEqual([outputs(0, 1), outputs(1, 2), done]);
});

test('does not deliver events again in a second run, in whatever chunks they arrive', async () => {
  const delivery = createDelivery({ onAbandon: () => {} });
  delivery.deliver(outputs(0, 10, 11, 12));
  delivery.deliver(outputs(0, 10, 11));
  delivery.deliver(outputs(2, 12, 13, 14));
  delivery.deliver(token(0));
  delivery.deliver(token(1));
  delivery.deliver(token(0));
  delivery.deliver(token(1));
  delivery.deliver(token(2));
  delivery.done(done);
  expect(await all(delivery.events)).toEqual([
    outputs(0, 10, 11, 12),
    outputs(3, 13, 14),
    token(0),
    token(1),
    token(2),
    done,
  ]);
});

test('throws an error once, after the events before it', async () => {
  const delivery = createDelivery({ onAbandon: () => {} });
  delivery.deliver(token(0));
  delivery.fail(new Error('late'));
  const iterator = delivery.events[Symbol.asyncIterator]();
  expect(await iterator.next()).toEqual({ done: false, value: token(0) });
  await expect(iterator.next()).rejects.toThrow('late');
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('rejects a read that is already pending', async () => {
  const delivery = createDelivery({ onAbandon: () => {} });
  const next = delivery.events[Symbol.asyncIterator]().next();
  delivery.fail(new Error('late'));
  await expect(next).rejects.toThrow('late');
});

test('reports an early end of reading once, and not after the last event', async () => {
  let abandonedCount = 0;
  const early = createDelivery({ onAbandon: () => abandonedCount++ });
  early.deliver(token(0));
  for await (const _ of early.events) break;
  await early.events[Symbol.asyncIterator]().return?.();
  expect(abandonedCount).toBe(1);
  const late = createDelivery({ onAbandon: () => abandonedCount++ });
  late.done(done);
  for await (const _ of late.events) break;
  expect(abandonedCount).toBe(1);
});
