import { expect, test } from 'vitest';
import { batcherDefaults } from '../../../src/engine/worker/batcher-options.ts';
import { createBatcher } from '../../../src/engine/worker/batcher.ts';
import { createDelivery } from '../../../src/engine/delivery.ts';
import { eventBytes, outputsBytes } from '../../../src/engine/flow-control.ts';
import type { OutputsEvent, SequenceReport } from '../../../src/engine/channel/messages.ts';
import type { BatchedSequence } from '../../../src/engine/worker/slot.ts';
import { createFakeGeneration } from './fake-generation.ts';
import { createFakeRunner, fakeOutputs } from './fake-runner.ts';

// The flow-control window of a sequence, on the worker's and on the reader's side, without threads.

const createIds = (length: number): number[] => Array.from({ length }, (_, t) => (t * 7) % 10);
const sequence = (id: number, more: Partial<BatchedSequence> = {}): BatchedSequence => ({
  id,
  input: Int32Array.from([1]),
  steps: 'last',
  output: 'output',
  generation: createFakeGeneration(30),
  from: null,
  keepState: false,
  resume: null,
  windowBytes: Infinity,
  alreadyDelivered: 0,
  ...more,
});
const token = { kind: 'token', index: 0, id: 1, text: 'a', logprob: 0, top: [] } as const;
const tokenBytes = eventBytes(token);

function setUp(maxRows: number) {
  let clock = 0;
  const reports: [id: number, report: SequenceReport][] = [];
  const batcher = createBatcher(createFakeRunner({ maxRows }), {
    ...batcherDefaults,
    now: () => clock,
  });
  return {
    batcher,
    tick: (count = 1) => {
      for (let i = 0; i < count; i++) batcher.tick((id, report) => reports.push([id, report]));
    },
    wait: (ms: number) => void (clock += ms),
    kinds: (of: number) => reports.flatMap(([id, { kind }]) => (id === of ? [kind] : [])),
    parked: () => reports.flatMap(([id, { kind }]) => (kind === 'preempted' ? [id] : [])),
  };
}

test('stalls a row when its window is used up, and continues it when its reader has read', () => {
  const { batcher, tick, kinds } = setUp(2);
  batcher.add(sequence(1, { windowBytes: 3 * tokenBytes }));
  tick(3);
  expect(kinds(1)).toHaveLength(3);
  expect(batcher.runnable).toBe(false);
  tick(3);
  expect(kinds(1)).toHaveLength(3);
  batcher.grant(1, tokenBytes);
  expect(batcher.runnable).toBe(true);
  tick(3);
  expect(kinds(1)).toHaveLength(4);
  batcher.grant(1, Infinity);
  tick(40);
  expect(kinds(1).at(-1)).toBe('done');
});

test('a stalled row does not delay the others', () => {
  const { batcher, tick, kinds } = setUp(2);
  batcher.add(sequence(1, { windowBytes: 1 }));
  batcher.add(sequence(2));
  tick(40);
  expect(kinds(1)).toEqual(['token']);
  expect(kinds(2).at(-1)).toBe('done');
});

test('preempts a stalled row after a delay, or at once when no other row runs', () => {
  const { batcher, tick, wait, parked, kinds } = setUp(2);
  batcher.add(sequence(1, { windowBytes: 1 }));
  batcher.add(sequence(2, { generation: createFakeGeneration(60) }));
  batcher.add(sequence(3, { windowBytes: 1 }));
  tick(5);
  expect(parked()).toEqual([]);
  wait(batcherDefaults.maxStallMs);
  tick();
  expect(parked()).toEqual([1]);
  batcher.cancel(2);
  batcher.add(sequence(4, { windowBytes: 1 }));
  batcher.add(sequence(5));
  tick();
  tick();
  expect(parked()).toEqual([1, 3]);
  expect(kinds(5)).toContain('token');
});

test('counts bytes granted before a sequence has a row', () => {
  const { batcher, tick, kinds } = setUp(1);
  batcher.add(sequence(1, { generation: createFakeGeneration(2) }));
  batcher.add(sequence(2, { windowBytes: 1 }));
  batcher.grant(2, 2 * tokenBytes);
  tick(10);
  expect(kinds(2)).toEqual(['token', 'token', 'token']);
});

test('does not report again, or count, events that were delivered', () => {
  const { batcher, tick, kinds } = setUp(1);
  batcher.add(sequence(1, { alreadyDelivered: 28, windowBytes: 3 * tokenBytes }));
  tick(40);
  expect(kinds(1)).toEqual(['token', 'token', 'done']);
});

test('splits outputs of many wide steps into reports of bounded size', () => {
  const runner = createFakeRunner({ maxPacked: 64 });
  const wide = 4_000;
  const batcher = createBatcher(
    {
      ...runner,
      outputWidth: wide,
      run: (wanted, what) => {
        const narrow = runner.run(wanted, what);
        return Float32Array.from({ length: wanted.length * wide }, (_, i) => {
          const [row, k] = [Math.floor(i / wide), i % wide];
          return k < 3 ? narrow[row * 3 + k]! : 0;
        });
      },
    },
    { ...batcherDefaults, now: () => 0 },
  );
  const seen: number[] = [];
  const input = Int32Array.from(createIds(20));
  batcher.add(sequence(1, { input, steps: 'every', generation: null }));
  while (
    batcher.tick((_, report) => {
      if (report.kind !== 'outputs') return;
      expect(report.values.byteLength).toBeLessThanOrEqual(outputsBytes);
      for (let t = 0; t < report.steps; t++) seen.push(...report.values.subarray(t * wide, t * wide + 3));
    })
  );
  expect(seen).toEqual(fakeOutputs(input).flat());
});

test('counts the bytes that are unread and those that were read', async () => {
  const unread = { bytes: 0 };
  let bytesRead = 0;
  const delivery = createDelivery({
    onAbandon: () => {},
    onRead: (bytes) => void (bytesRead += bytes),
    unread,
  });
  for (let index = 0; index < 4; index++) delivery.deliver({ ...token, index });
  expect([delivery.unreadBytes, unread.bytes, bytesRead]).toEqual([4 * tokenBytes, 4 * tokenBytes, 0]);
  const events = delivery.events[Symbol.asyncIterator]();
  await events.next();
  delivery.deliver({ ...token, index: 0 });
  expect([unread.bytes, bytesRead]).toEqual([3 * tokenBytes, 2 * tokenBytes]);
  expect(delivery.delivered.tokens).toBe(4);
  await events.return!();
  expect([delivery.unreadBytes, unread.bytes]).toEqual([0, 0]);
});

test('a queued output does not retain its whole message', async () => {
  const delivery = createDelivery({ onAbandon: () => {} });
  const message = new Float32Array(10_000);
  delivery.deliver({ kind: 'outputs', first: 0, steps: 1, width: 4, values: message.subarray(40, 44) });
  // what is read in the same turn is not queued
  await Promise.resolve();
  const { value } = await delivery.events[Symbol.asyncIterator]().next();
  expect((value as OutputsEvent).values.buffer.byteLength).toBe(16);
});
