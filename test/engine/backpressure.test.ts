import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import type { SequenceEvent } from '../../src/engine/delivery.ts';
import type { Engine, NetworkHandle } from '../../src/engine/engine-interface.ts';
import { resumeBytes } from '../../src/engine/flow-control.ts';
import {
  readResult,
  causal,
  expectReconciled,
  generating,
  loadNetwork,
  request,
  someIds,
  startEngine,
  until,
} from './served-networks.ts';

// Clients that do not read. The engine estimates unread bytes; one stream may have at most this many.

const maxUnreadBytes = 256 * 1024;
const streams = 12;

let engine: Engine;
afterEach(async () => {
  await expectReconciled(engine);
  await engine.close();
});

const wordy = (handle: NetworkHandle, seed: number) =>
  request(handle, {
    input: someIds(5, seed),
    generation: generating({ maxTokens: 1500, logprobs: 20, seed }),
  });
const outputs = (handle: NetworkHandle, seed: number) =>
  request(handle, { input: someIds(6_000, seed), steps: 'every' });
const read = (events: AsyncIterable<SequenceEvent>): Promise<SequenceEvent[]> => Array.fromAsync(events);
/** The result without times, with its outputs split into one a step. */
const removeTimes = (events: readonly SequenceEvent[]): unknown[] =>
  events.flatMap((event): unknown[] => {
    if (event.kind === 'done') return [{ ...event, queuedMs: 0, runMs: 0 }];
    if (event.kind !== 'outputs') return [event];
    const { values, first, steps, width } = event;
    return Array.from({ length: steps }, (_, t) => ({
      step: first + t,
      values: [...values.subarray(t * width, (t + 1) * width)],
    }));
  });

test.for([
  ['tokens with alternatives', wordy],
  ['outputs of every step', outputs],
] as const)('unread streams of %s use bounded memory and do not delay others', async ([, createRequest]) => {
  engine = startEngine({ workers: 1, slots: 3 });
  const handle = await loadNetwork(engine, causal);
  const alone = [];
  for (let seed = 0; seed < streams; seed++)
    alone.push(removeTimes(await read(engine.submit(createRequest(handle, seed)))));

  const unread = Array.from({ length: streams }, (_, seed) => engine.submit(createRequest(handle, seed)));
  await until(() => engine.stats().unreadBytes > streams * resumeBytes);
  expect(engine.stats().unreadBytes).toBeLessThanOrEqual(streams * maxUnreadBytes);
  // other sequences are not delayed
  for (let seed = 0; seed < 8; seed++)
    expect(removeTimes(await read(engine.submit(createRequest(handle, seed))))).toEqual(alone[seed]);
  expect(engine.stats().unreadBytes).toBeLessThanOrEqual(streams * maxUnreadBytes);
  expect(engine.stats().paused).toBeGreaterThanOrEqual(streams - 3);

  expect((await Promise.all(unread.map(read))).map(removeTimes)).toEqual(alone);
  expect(engine.stats()).toMatchObject({ unreadBytes: 0, paused: 0, running: 0 });
});

test('a slow reader receives identical events, even when workers crash', async () => {
  const threads = new Map<number, Worker>();
  engine = startEngine({
    workers: 2,
    slots: 2,
    hooks: { onWorkerStart: (thread, index) => void threads.set(index, thread) },
  });
  const handle = await loadNetwork(engine, causal);
  const alone = removeTimes(await read(engine.submit(wordy(handle, 1))));
  const slow = async (index: number): Promise<void> => {
    const events: SequenceEvent[] = [];
    for await (const event of engine.submit(wordy(handle, 1))) {
      events.push(event);
      if (events.length % (50 + 20 * index) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(removeTimes(events)).toEqual(alone);
  };
  const all = Promise.all(Array.from({ length: 9 }, (_, index) => slow(index)));
  await until(() => engine.stats().paused > 0);
  await threads.get(0)!.terminate();
  await until(() => engine.stats().restarts === 1);
  await threads.get(1)!.terminate();
  await all;
});

test('a deadline, a signal or an unload ends a sequence that is paused', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const other = await loadNetwork(engine, causal);
  const hangUp = new AbortController();
  const ended = [
    engine.submit({ ...wordy(handle, 1), signal: hangUp.signal }),
    engine.submit({ ...wordy(handle, 2), deadlineMs: performance.now() + 2_000 }),
    engine.submit(wordy(other, 3)),
  ];
  const waiting = Array.from({ length: 3 }, (_, seed) => engine.submit(wordy(handle, seed)));
  await until(() => engine.stats().paused >= 3);
  hangUp.abort();
  await engine.unload(other);
  await until(() => engine.stats().paused + engine.stats().running === waiting.length);
  const codes = await Promise.all(
    ended.map((events) => readResult(events).catch((error: { code: string }) => error.code)),
  );
  expect(codes).toEqual(['cancelled', 'deadline_exceeded', 'model_not_ready']);
  await Promise.all(waiting.map(read));
});

test('a client that disconnects from a paused sequence leaves no state behind', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const unread = [1, 2, 3].map((seed) => engine.submit(wordy(handle, seed))[Symbol.asyncIterator]());
  await until(() => engine.stats().paused >= 2);
  await Promise.all(unread.map((events) => events.return!()));
  expect(engine.stats()).toMatchObject({ paused: 0, running: 0, waiting: 0, unreadBytes: 0 });
  await readResult(engine.submit(request(handle)));
});
