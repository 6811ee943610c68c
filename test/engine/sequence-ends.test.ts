import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import type { Engine, SequenceRequest } from '../../src/engine/engine-interface.ts';
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

// Ends that coincide with another event: in every order, a sequence ends once and leaves no state behind.

let engine: Engine;
afterEach(async () => {
  vi.restoreAllMocks();
  await expectReconciled(engine);
  await engine.close();
});

const endless = (): Partial<SequenceRequest> => ({ generation: generating({ maxTokens: 10_000_000 }) });
const readCode = (ended: Promise<unknown>): Promise<string> =>
  ended.then(
    () => 'completed',
    (error: { code: string }) => error.code,
  );

test('a deadline that passes during admission leaves no slot in use', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  for (let round = 0; round < 3; round++) {
    const now = performance.now();
    const lateRequest = request(handle, { deadlineMs: now + 1 });
    // the deadline is in the future when it is checked, and has passed when its timer is set
    const clock = vi
      .spyOn(performance, 'now')
      .mockReturnValueOnce(now)
      .mockReturnValue(now + 2);
    const late = readResult(engine.submit(lateRequest));
    clock.mockRestore();
    expect(await readCode(late)).toBe('deadline_exceeded');
    expect(engine.stats()).toMatchObject({ running: 0, waiting: 0, paused: 0, unreconciled: 0 });
  }
  await readResult(engine.submit(request(handle)));
});

test('a signal aborted before or in the same turn leaves no slot in use', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const hangUp = new AbortController();
  const ended = [1, 2, 3].map(() =>
    readCode(readResult(engine.submit(request(handle, { ...endless(), signal: hangUp.signal })))),
  );
  hangUp.abort();
  ended.push(readCode(readResult(engine.submit(request(handle, { ...endless(), signal: hangUp.signal })))));
  expect(await Promise.all(ended)).toEqual(Array.from({ length: 4 }, () => 'cancelled'));
  expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  await readResult(engine.submit(request(handle)));
});

test('deadlines do not depend on the system clock', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const anHourAgo = Date.now() - 3_600_000;
  vi.spyOn(Date, 'now').mockImplementation(() => anHourAgo);
  const late = readResult(
    engine.submit(request(handle, { ...endless(), deadlineMs: performance.now() + 20 })),
  );
  expect(await readCode(late)).toBe('deadline_exceeded');
});

test('unload ends sequences submitted in the same turn, before and after it', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const before = [1, 2, 3].map(() => readCode(readResult(engine.submit(request(handle, endless())))));
  const unloaded = engine.unload(handle);
  const after = readCode(readResult(engine.submit(request(handle, endless()))));
  await unloaded;
  expect(await Promise.all([...before, after])).toEqual(Array.from({ length: 4 }, () => 'model_not_ready'));
});

test('drain or close in the same turn as a submission leaves no state behind', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const first = readCode(readResult(engine.submit(request(handle))));
  const drained = engine.drain(600_000);
  const second = readCode(readResult(engine.submit(request(handle))));
  await drained;
  expect([await first, await second]).toEqual(['completed', 'shutting_down']);
  await engine.close();
  expect(await readCode(readResult(engine.submit(request(handle))))).toBe('shutting_down');
});

test('a worker that crashes while its sequences are cancelled leaves no slot in use', async () => {
  const threads: Worker[] = [];
  engine = startEngine({
    workers: 1,
    slots: 2,
    hooks: { onWorkerStart: (thread) => void threads.push(thread) },
  });
  const handle = await loadNetwork(engine, causal);
  for (let round = 0; round < 3; round++) {
    const hangUp = new AbortController();
    const ended = [1, 2, 3, 4, 5, 6].map(() =>
      readCode(readResult(engine.submit(request(handle, { ...endless(), signal: hangUp.signal })))),
    );
    const { steps } = engine.stats();
    await until(() => engine.stats().steps > steps + 20);
    const dead = threads.at(-1)!.terminate();
    if (round !== 1) hangUp.abort();
    await dead;
    hangUp.abort();
    expect(new Set(await Promise.all(ended))).toEqual(new Set(['cancelled']));
    expect(engine.stats()).toMatchObject({ running: 0, waiting: 0, unreconciled: 0 });
  }
  await readResult(engine.submit(request(handle)));
});

test('every sequence ends and every slot is free after random ends at random times', async () => {
  engine = startEngine({ workers: 2, slots: 3 });
  const handle = await loadNetwork(engine, causal);
  const alone = (await readResult(engine.submit(request(handle, { input: someIds(300, 5), steps: 'every' }))))
    .values;
  let state = 7;
  const random = (below: number): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below;
  const outcomes = Array.from({ length: 300 }, async () => {
    const hangUp = new AbortController();
    const kind = random(4);
    const lateRequest = request(handle, {
      input: someIds(300, 5),
      steps: 'every',
      signal: hangUp.signal,
      ...(kind === 0 && { deadlineMs: performance.now() + random(30) }),
    });
    if (kind === 1) setTimeout(() => hangUp.abort(), random(30));
    const events = engine.submit(lateRequest);
    if (kind === 2) {
      for await (const _ of events) break;
      return;
    }
    const code = await readCode(
      readResult(events).then(({ values }) => {
        expect(values).toEqual(alone);
      }),
    );
    if (kind === 3) expect(code).toBe('completed');
  });
  await Promise.all(outcomes);
  expect(engine.stats()).toMatchObject({ running: 0, waiting: 0, paused: 0, unreadBytes: 0 });
});
