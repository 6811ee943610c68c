import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine-interface.ts';
import {
  readResult,
  bidirectional,
  causal,
  expectReconciled,
  generating,
  loadNetwork,
  request,
  someIds,
  startEngine,
  until,
} from './served-networks.ts';

let engine: Engine;
afterEach(async () => {
  await expectReconciled(engine);
  await engine.close();
});

const mixed = (index: number) => ({
  input: someIds(1 + ((index * 37) % 300), index),
  steps: index % 3 === 0 ? ('every' as const) : ('last' as const),
  output: index % 5 === 0 ? ('hidden' as const) : ('output' as const),
});

test.for([
  ['causal', causal],
  ['bidirectional', bidirectional],
] as const)(
  'a %s network is bit-identical for each sequence alone, batched, and on any number of workers',
  async ([, spec]) => {
    engine = startEngine({ workers: 1, slots: 1 });
    const single = await loadNetwork(engine, spec);
    const alone = [];
    for (let i = 0; i < 40; i++) alone.push(await readResult(engine.submit(request(single, mixed(i)))));
    await engine.close();

    engine = startEngine({ workers: 3, slots: 5 });
    const shared = await loadNetwork(engine, spec);
    const batched = await Promise.all(
      alone.map((_, i) => readResult(engine.submit(request(shared, mixed(i))))),
    );
    expect(batched).toEqual(alone);
    batched.forEach(({ order, steps }, i) => {
      const { input, steps: requested } = mixed(i);
      expect(order).toEqual(requested === 'every' ? [...input.keys()] : [input.length - 1]);
      expect(steps).toBe(input.length);
    });
  },
);

test('generates identical text regardless of batch composition', async () => {
  engine = startEngine({ slots: 3 });
  const handle = await loadNetwork(engine, causal);
  const generate = (seed: number) =>
    readResult(engine.submit(request(handle, { input: someIds(5, seed), generation: generating({ seed }) })));
  const alone = [];
  for (let seed = 0; seed < 12; seed++) alone.push(await generate(seed));
  const others = Array.from({ length: 30 }, (_, i) => readResult(engine.submit(request(handle, mixed(i)))));
  expect(await Promise.all(alone.map((_, seed) => generate(seed)))).toEqual(alone);
  expect(new Set(alone.map(({ text }) => text)).size).toBe(12);
  await Promise.all(others);
});

test('completes a short sequence while longer ones occupy every slot', async () => {
  engine = startEngine({ workers: 1, slots: 2 });
  const handle = await loadNetwork(engine, causal);
  const ended: string[] = [];
  const run = async (name: string, more: object): Promise<void> => {
    await readResult(engine.submit(request(handle, more)));
    ended.push(name);
  };
  const long = [1, 2, 3].map((seed) =>
    run('long', { input: someIds(3, seed), generation: generating({ maxTokens: 6000, seed }) }),
  );
  await until(() => engine.stats().steps > 100);
  await run('short', { input: someIds(5, 9) });
  expect(ended).toEqual(['short']);
  await Promise.all(long);
});

test('a preempted generation has the same result as alone', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const generate = (seed: number) =>
    readResult(
      engine.submit(
        request(handle, { input: someIds(5, seed), generation: generating({ maxTokens: 900, seed }) }),
      ),
    );
  const alone = [await generate(1), await generate(2), await generate(3)];
  expect(await Promise.all([generate(1), generate(2), generate(3)])).toEqual(alone);
  expect(alone[0]!.indexes).toEqual(Array.from({ length: 900 }, (_, index) => index));
});

test('does not delay a model because of the load of another', async () => {
  engine = startEngine({ workers: 1, slots: 2, queue: 50 });
  const [busy, quiet] = [await loadNetwork(engine, causal), await loadNetwork(engine, bidirectional)];
  const flood = Array.from({ length: 52 }, (_, seed) =>
    readResult(engine.submit(request(busy, { generation: generating({ maxTokens: 400, seed }) }))),
  );
  await readResult(engine.submit(request(quiet)));
  expect(engine.stats().waiting + engine.stats().running).toBeGreaterThan(40);
  await Promise.all(flood);
});

test('rejects requests with a retry time while the queue is full', async () => {
  engine = startEngine({ workers: 1, slots: 2, queue: 3 });
  const handle = await loadNetwork(engine, causal);
  const admitted = Array.from({ length: 5 }, (_, i) => readResult(engine.submit(request(handle, mixed(i)))));
  await expect(readResult(engine.submit(request(handle)))).rejects.toMatchObject({
    code: 'overloaded',
    retryAfterSeconds: 1,
  });
  await Promise.all(admitted);
  await readResult(engine.submit(request(handle)));
});

test('a sequence that exceeds its deadline fails and frees its slot', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const endless = { generation: generating({ maxTokens: 10_000_000 }), deadlineMs: performance.now() + 50 };
  await expect(readResult(engine.submit(request(handle, endless)))).rejects.toMatchObject({
    code: 'deadline_exceeded',
  });
  expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  await readResult(engine.submit(request(handle)));
  await expect(
    readResult(engine.submit(request(handle, { deadlineMs: performance.now() }))),
  ).rejects.toMatchObject({
    code: 'deadline_exceeded',
  });
});

test('a queued sequence fails at its deadline', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, bidirectional);
  const long = Array.from({ length: 40 }, (_, i) =>
    readResult(engine.submit(request(handle, { input: someIds(20_000, i) }))),
  );
  const late = readResult(engine.submit(request(handle, { deadlineMs: performance.now() + 5 })));
  await expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
  await Promise.all(long);
});

test('an aborted sequence frees its slot, whether queued or running', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const hangUp = new AbortController();
  const endless = { generation: generating({ maxTokens: 10_000_000 }), signal: hangUp.signal };
  const both = Promise.allSettled([
    readResult(engine.submit(request(handle, endless))),
    readResult(engine.submit(request(handle, endless))),
  ]);
  await until(() => engine.stats().steps > 50);
  hangUp.abort();
  for (const { reason } of (await both) as PromiseRejectedResult[]) expect(reason.code).toBe('cancelled');
  expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  await readResult(engine.submit(request(handle)));
  await expect(readResult(engine.submit(request(handle, endless)))).rejects.toMatchObject({
    code: 'cancelled',
  });
});

test('a client that stops reading frees the slot: its worker becomes idle', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  for await (const event of engine.submit(
    request(handle, { generation: generating({ maxTokens: 10_000_000 }) }),
  ))
    if (event.kind === 'token' && event.index === 20) break;
  await readResult(engine.submit(request(handle)));
  const { ticks } = engine.stats();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(engine.stats().ticks - ticks).toBeLessThanOrEqual(1);
});

test('replaces a killed worker without an error, a gap or a duplicate event', async () => {
  const threads = new Set<Worker>();
  let exits = 0;
  engine = startEngine({
    slots: 4,
    hooks: { onWorkerStart: (thread) => void threads.add(thread), onWorkerExit: () => exits++ },
  });
  const handle = await loadNetwork(engine, causal);
  const requests = Array.from({ length: 12 }, (_, seed) =>
    seed % 2
      ? {
          input: someIds(5, seed),
          generation: generating({ maxTokens: 1500, seed, textOnly: seed % 4 === 1 }),
        }
      : { input: someIds(8_000, seed), steps: 'every' as const },
  );
  const run = () => Promise.all(requests.map((more) => readResult(engine.submit(request(handle, more)))));
  const undisturbed = await run();
  const disturbed = run();
  const { steps } = engine.stats();
  await until(() => engine.stats().steps > steps + 2000);
  await [...threads].at(-1)!.terminate();
  expect(await disturbed).toEqual(undisturbed);
  expect(exits).toBe(1);
  await until(() => engine.stats().restarts === 1);
  expect(await run()).toEqual(undisturbed);
});

test('a text comes in a few pieces, and is that of the tokens one by one', async () => {
  engine = startEngine();
  const handle = await loadNetwork(engine, causal);
  const submit = (textOnly: boolean) =>
    engine.submit(request(handle, { generation: generating({ maxTokens: 1500, textOnly }) }));
  const { text, indexes, steps } = await readResult(submit(false));
  expect(await readResult(submit(true))).toEqual({ text, indexes, steps, values: [], order: [] });
  let pieces = 0;
  for await (const { kind } of submit(true)) if (kind === 'text') pieces++;
  expect(pieces).toBeLessThan(30);
});

test('fails a sequence that crashes every worker it runs on, and no others', async () => {
  const threads: Worker[] = [];
  engine = startEngine({ workers: 1, hooks: { onWorkerStart: (thread) => void threads.push(thread) } });
  const handle = await loadNetwork(engine, causal);
  const poison = readResult(
    engine.submit(request(handle, { generation: generating({ maxTokens: 10_000_000 }) })),
  );
  const failed = expect(poison).rejects.toMatchObject({ code: 'internal' });
  for (let death = 1; death <= 3; death++) {
    const { steps } = engine.stats();
    await until(() => engine.stats().steps > steps + 10);
    await threads.at(-1)!.terminate();
  }
  await failed;
  await readResult(engine.submit(request(handle)));
});

test('drain finishes running sequences and rejects new ones', async () => {
  engine = startEngine();
  const handle = await loadNetwork(engine, causal);
  const running = readResult(engine.submit(request(handle, { generation: generating({ maxTokens: 500 }) })));
  const drained = engine.drain(60_000);
  await expect(readResult(engine.submit(request(handle)))).rejects.toMatchObject({ code: 'shutting_down' });
  await drained;
  expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  expect((await running).indexes).toHaveLength(500);
});

test('drain ends at its timeout; close fails the remaining sequences', async () => {
  engine = startEngine();
  const handle = await loadNetwork(engine, causal);
  const endless = readResult(
    engine.submit(request(handle, { generation: generating({ maxTokens: 10_000_000 }) })),
  );
  const failed = expect(endless).rejects.toMatchObject({ code: 'shutting_down' });
  await engine.drain(20);
  expect(engine.stats().running).toBe(1);
  await engine.close();
  await failed;
});
