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
const done: SequenceEvent = { kind: 'done', finish: null, steps: 5, queuedMs: 0, runMs: 0 };
const all = (events: AsyncIterable<SequenceEvent>): Promise<SequenceEvent[]> => Array.fromAsync(events);

test('events come in order, those before the asking and those after it', async () => {
  const delivery = createDelivery({ onAbandon: () => {} });
  delivery.deliver(outputs(0, 1));
  const read = all(delivery.events);
  await Promise.resolve();
  delivery.deliver(outputs(1, 2));
  delivery.done(done);
  expect(await read).toEqual([outputs(0, 1), outputs(1, 2), done]);
});

test('what was given before a second run is not given again, in whatever chunks it comes', async () => {
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

test('an error comes after the events before it, once', async () => {
  const delivery = createDelivery({ onAbandon: () => {} });
  delivery.deliver(token(0));
  delivery.fail(new Error('late'));
  const iterator = delivery.events[Symbol.asyncIterator]();
  expect(await iterator.next()).toEqual({ done: false, value: token(0) });
  await expect(iterator.next()).rejects.toThrow('late');
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('an error reaches a caller that already waits', async () => {
  const delivery = createDelivery({ onAbandon: () => {} });
  const next = delivery.events[Symbol.asyncIterator]().next();
  delivery.fail(new Error('late'));
  await expect(next).rejects.toThrow('late');
});

test('leaving early is told once, leaving after the end is not', async () => {
  let told = 0;
  const early = createDelivery({ onAbandon: () => told++ });
  early.deliver(token(0));
  for await (const _ of early.events) break;
  await early.events[Symbol.asyncIterator]().return?.();
  expect(told).toBe(1);
  const late = createDelivery({ onAbandon: () => told++ });
  late.done(done);
  for await (const _ of late.events) break;
  expect(told).toBe(1);
});
