import type { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine-interface.ts';
import { features, network, randomSequence } from '../network/random-network.ts';
import { windows } from '../network/programs.ts';
import {
  answerOf,
  bidirectional,
  causal,
  expectReconciled,
  generating,
  kernel,
  loadNetwork,
  request,
  someIds,
  startEngine,
  until,
  vocabulary,
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
  'a %s network gives each sequence the same bits alone, in company, and on any number of workers',
  async ([, spec]) => {
    engine = startEngine({ workers: 1, slots: 1 });
    const single = await loadNetwork(engine, spec);
    const alone = [];
    for (let i = 0; i < 40; i++) alone.push(await answerOf(engine.submit(request(single, mixed(i)))));
    await engine.close();

    engine = startEngine({ workers: 3, slots: 5 });
    const shared = await loadNetwork(engine, spec);
    const together = await Promise.all(
      alone.map((_, i) => answerOf(engine.submit(request(shared, mixed(i))))),
    );
    expect(together).toEqual(alone);
    together.forEach(({ order, steps }, i) => {
      const { input, steps: requested } = mixed(i);
      expect(order).toEqual(requested === 'every' ? [...input.keys()] : [input.length - 1]);
      expect(steps).toBe(input.length);
    });
  },
);

test('generations give the same text in any company', async () => {
  engine = startEngine({ slots: 3 });
  const handle = await loadNetwork(engine, causal);
  const generate = (seed: number) =>
    answerOf(engine.submit(request(handle, { input: someIds(5, seed), generation: generating({ seed }) })));
  const alone = [];
  for (let seed = 0; seed < 12; seed++) alone.push(await generate(seed));
  const company = Array.from({ length: 30 }, (_, i) => answerOf(engine.submit(request(handle, mixed(i)))));
  expect(await Promise.all(alone.map((_, seed) => generate(seed)))).toEqual(alone);
  expect(new Set(alone.map(({ text }) => text)).size).toBe(12);
  await Promise.all(company);
});

test('a short sequence is answered while longer ones hold every slot', async () => {
  engine = startEngine({ workers: 1, slots: 2 });
  const handle = await loadNetwork(engine, causal);
  const ended: string[] = [];
  const run = async (name: string, more: object): Promise<void> => {
    await answerOf(engine.submit(request(handle, more)));
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

test('a generation that made way for others says what it says alone', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const generate = (seed: number) =>
    answerOf(
      engine.submit(
        request(handle, { input: someIds(5, seed), generation: generating({ maxTokens: 900, seed }) }),
      ),
    );
  const alone = [await generate(1), await generate(2), await generate(3)];
  expect(await Promise.all([generate(1), generate(2), generate(3)])).toEqual(alone);
  expect(alone[0]!.indexes).toEqual(Array.from({ length: 900 }, (_, index) => index));
});

test('a model under load does not keep another waiting', async () => {
  engine = startEngine({ workers: 1, slots: 2, queue: 50 });
  const [busy, quiet] = [await loadNetwork(engine, causal), await loadNetwork(engine, bidirectional)];
  const flood = Array.from({ length: 52 }, (_, seed) =>
    answerOf(engine.submit(request(busy, { generation: generating({ maxTokens: 400, seed }) }))),
  );
  await answerOf(engine.submit(request(quiet)));
  expect(engine.stats().waiting + engine.stats().running).toBeGreaterThan(40);
  await Promise.all(flood);
});

test('a full queue turns callers away and says when to come back', async () => {
  engine = startEngine({ workers: 1, slots: 2, queue: 3 });
  const handle = await loadNetwork(engine, causal);
  const taken = Array.from({ length: 5 }, (_, i) => answerOf(engine.submit(request(handle, mixed(i)))));
  await expect(answerOf(engine.submit(request(handle)))).rejects.toMatchObject({
    code: 'overloaded',
    retryAfterSeconds: 1,
  });
  await Promise.all(taken);
  await answerOf(engine.submit(request(handle)));
});

test('a sequence that outlives its deadline fails and gives its slot back', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const endless = { generation: generating({ maxTokens: 10_000_000 }), deadlineMs: performance.now() + 50 };
  await expect(answerOf(engine.submit(request(handle, endless)))).rejects.toMatchObject({
    code: 'deadline_exceeded',
  });
  expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  await answerOf(engine.submit(request(handle)));
  await expect(
    answerOf(engine.submit(request(handle, { deadlineMs: performance.now() }))),
  ).rejects.toMatchObject({
    code: 'deadline_exceeded',
  });
});

test('a sequence in line fails at its deadline too', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, bidirectional);
  const long = Array.from({ length: 40 }, (_, i) =>
    answerOf(engine.submit(request(handle, { input: someIds(20_000, i) }))),
  );
  const late = answerOf(engine.submit(request(handle, { deadlineMs: performance.now() + 5 })));
  await expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
  await Promise.all(long);
});

test('an aborted sequence frees its slot for the next one, in line or running', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  const hangUp = new AbortController();
  const endless = { generation: generating({ maxTokens: 10_000_000 }), signal: hangUp.signal };
  const both = Promise.allSettled([
    answerOf(engine.submit(request(handle, endless))),
    answerOf(engine.submit(request(handle, endless))),
  ]);
  await until(() => engine.stats().steps > 50);
  hangUp.abort();
  for (const { reason } of (await both) as PromiseRejectedResult[]) expect(reason.code).toBe('cancelled');
  expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  await answerOf(engine.submit(request(handle)));
  await expect(answerOf(engine.submit(request(handle, endless)))).rejects.toMatchObject({
    code: 'cancelled',
  });
});

test('a caller that stops reading frees the slot: its worker goes idle', async () => {
  engine = startEngine({ workers: 1, slots: 1 });
  const handle = await loadNetwork(engine, causal);
  for await (const event of engine.submit(
    request(handle, { generation: generating({ maxTokens: 10_000_000 }) }),
  ))
    if (event.kind === 'token' && event.index === 20) break;
  await answerOf(engine.submit(request(handle)));
  const { ticks } = engine.stats();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(engine.stats().ticks - ticks).toBeLessThanOrEqual(1);
});

test('a killed worker is replaced: no caller sees an error, a gap or anything twice', async () => {
  const threads = new Set<Worker>();
  let deaths = 0;
  engine = startEngine({
    slots: 4,
    hooks: { onWorkerStart: (thread) => void threads.add(thread), onWorkerExit: () => deaths++ },
  });
  const handle = await loadNetwork(engine, causal);
  const requests = Array.from({ length: 12 }, (_, seed) =>
    seed % 2
      ? { input: someIds(5, seed), generation: generating({ maxTokens: 1500, seed }) }
      : { input: someIds(8_000, seed), steps: 'every' as const },
  );
  const run = () => Promise.all(requests.map((more) => answerOf(engine.submit(request(handle, more)))));
  const undisturbed = await run();
  const disturbed = run();
  const { steps } = engine.stats();
  await until(() => engine.stats().steps > steps + 2000);
  await [...threads].at(-1)!.terminate();
  expect(await disturbed).toEqual(undisturbed);
  expect(deaths).toBe(1);
  await until(() => engine.stats().restarts === 1);
  expect(await run()).toEqual(undisturbed);
});

test('a sequence that brings down every worker it runs on is given up, and others are not', async () => {
  const threads: Worker[] = [];
  engine = startEngine({ workers: 1, hooks: { onWorkerStart: (thread) => void threads.push(thread) } });
  const handle = await loadNetwork(engine, causal);
  const poison = answerOf(
    engine.submit(request(handle, { generation: generating({ maxTokens: 10_000_000 }) })),
  );
  const failed = expect(poison).rejects.toMatchObject({ code: 'internal' });
  for (let death = 1; death <= 3; death++) {
    const { steps } = engine.stats();
    await until(() => engine.stats().steps > steps + 10);
    await threads.at(-1)!.terminate();
  }
  await failed;
  await answerOf(engine.submit(request(handle)));
});

test('draining lets what runs finish and takes nothing new', async () => {
  engine = startEngine();
  const handle = await loadNetwork(engine, causal);
  const running = answerOf(engine.submit(request(handle, { generation: generating({ maxTokens: 500 }) })));
  const drained = engine.drain(60_000);
  await expect(answerOf(engine.submit(request(handle)))).rejects.toMatchObject({ code: 'shutting_down' });
  await drained;
  expect(engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  expect((await running).indexes).toHaveLength(500);
});

test('draining ends when its time is up; closing fails what is left', async () => {
  engine = startEngine();
  const handle = await loadNetwork(engine, causal);
  const endless = answerOf(
    engine.submit(request(handle, { generation: generating({ maxTokens: 10_000_000 }) })),
  );
  const failed = expect(endless).rejects.toMatchObject({ code: 'shutting_down' });
  await engine.drain(20);
  expect(engine.stats().running).toBe(1);
  await engine.close();
  await failed;
});

test('thousands of small sequences leave nothing behind', async () => {
  engine = startEngine({ queue: 10_000 });
  const handle = await loadNetwork(engine, causal);
  const signal = new AbortController().signal;
  const answers = await Promise.all(
    Array.from({ length: 5000 }, (_, i) =>
      answerOf(engine.submit(request(handle, { input: someIds(1 + (i % 9), i), signal }))),
    ),
  );
  expect(answers.reduce((sum, { steps }) => sum + steps, 0)).toBe(
    answers.reduce((sum, _, i) => sum + 1 + (i % 9), 0),
  );
  const stats = engine.stats();
  expect(stats).toMatchObject({ running: 0, waiting: 0, restarts: 0 });
  expect(stats.steps).toBe(answers.reduce((sum, { steps }) => sum + steps, 0));
  expect(stats.byRows.reduce((sum, ticks) => sum + ticks, 0)).toBe(stats.ticks);
});

test('loading and unloading gives all memory back', async () => {
  engine = startEngine();
  const before = kernel.memory.used;
  for (let round = 0; round < 5; round++) {
    const handles = [await loadNetwork(engine, causal), await loadNetwork(engine, bidirectional)];
    await Promise.all(handles.map((handle) => answerOf(engine.submit(request(handle)))));
    expect(kernel.memory.used).toBeGreaterThan(before);
    await Promise.all(handles.map((handle) => engine.unload(handle)));
    expect(kernel.memory.used).toBe(before);
    await expect(answerOf(engine.submit(request(handles[0]!)))).rejects.toMatchObject({
      code: 'model_not_ready',
    });
  }
});

test('input that the network cannot read is refused', async () => {
  engine = startEngine({ maxSteps: 30 });
  const handle = await loadNetwork(engine, causal);
  const both = await loadNetwork(engine, bidirectional);
  const codeOf = (more: object, to = handle) =>
    answerOf(engine.submit(request(to, more))).catch((error: { code: string }) => error.code);
  expect(await codeOf({ input: new Int32Array(0) })).toBe('empty_input');
  expect(await codeOf({ input: Int32Array.of(3, 20) })).toBe('input_mismatch');
  expect(await codeOf({ input: Int32Array.of(-1) })).toBe('input_mismatch');
  expect(await codeOf({ input: Float32Array.of(1) })).toBe('input_mismatch');
  expect(await codeOf({ input: someIds(31, 1) })).toBe('sequence_too_long');
  expect(await codeOf({ generation: generating() }, both)).toBe('wrong_task');
});

test('a network says what it is', async () => {
  engine = startEngine();
  const { info } = await loadNetwork(engine, causal);
  expect(info).toMatchObject({
    causal: true,
    outputWidth: 20,
    hiddenWidth: 24,
    inputWidth: 0,
    vocabulary: 20,
    stateFloats: 24 + 24 + 1,
    parameters: 20 * 8 + 3 * 24 * (8 + 24 + 2) + 20 * 25,
    kernel: { path: engine.kernel.path, reason: expect.any(String) },
  });
  expect(info.layers.map(({ type, detail }) => `${type} ${detail}`)).toEqual([
    'embedding 20 ids',
    'recurrent gru reset after',
    'pool mean',
    'dense softmax',
  ]);
});

test('a sequence too short for a network’s windows is told so, and the others get their answers', async () => {
  engine = startEngine();
  const handle = await loadNetwork(engine, windows, features(1));
  const ask = (steps: number) =>
    answerOf(engine.submit(request(handle, { input: randomSequence(features(1), steps, 1) })));
  const [long, short] = await Promise.allSettled([ask(9), ask(4)]);
  expect(long).toMatchObject({ status: 'fulfilled', value: { steps: 9 } });
  expect(short).toMatchObject({
    reason: {
      code: 'input_mismatch',
      message: 'input: 4 steps are not supported by the network: Conv (windows): a window of 5 over 4 places',
    },
  });
});

test('a network says what its cells were told', async () => {
  engine = startEngine();
  const spec = network([
    { type: 'embedding', vocabulary, units: 4 },
    {
      type: 'recurrent',
      cell: 'rnn',
      units: 3,
      bidirectional: true,
      clip: 3,
      activations: { candidate: { type: 'softsign' } },
      backward_activations: { candidate: { type: 'elu' } },
    },
    {
      type: 'recurrent',
      cell: 'lstm',
      units: 3,
      peepholes: true,
      initial_state: true,
      activations: { gate: { type: 'hard_sigmoid' } },
    },
  ]);
  const { info } = await loadNetwork(engine, spec);
  expect(info.layers.map(({ detail }) => detail)).toEqual([
    '20 ids',
    'rnn, bidirectional concat, candidate softsign, backward: candidate elu(1), clip 3',
    'lstm, gate hard_sigmoid(0.2, 0.5), peepholes, initial state',
  ]);
  expect(info.layers[2]!.parameters).toBe(4 * 3 * (6 + 3 + 2) + 3 * 3 + 2 * 3);
});

test('a sequence whose loop does not end fails by itself', async () => {
  engine = startEngine();
  const untilTen = network([
    {
      type: 'program',
      runs: 'step',
      input: { value: 'x', shape: [] },
      output: { value: 'sum', gives: 'step' },
      units: 1,
      constants: { ten: [], none: [] },
      operators: [
        {
          operator: 'Loop',
          inputs: ['', '', 'none'],
          outputs: ['sum'],
          bodies: {
            body: {
              inputs: ['turn', 'go', 'before'],
              outputs: ['goes', 'after'],
              operators: [
                { operator: 'Add', inputs: ['before', 'x'], outputs: ['after'] },
                { operator: 'Less', inputs: ['after', 'ten'], outputs: ['goes'] },
              ],
            },
          },
        },
      ],
    },
  ]);
  const scalar = (value: number) => ({ shape: [], values: Float32Array.of(value) });
  const weights = new Map([
    ['program_0.ten', scalar(10)],
    ['program_0.none', scalar(0)],
  ]);
  const handle = await engine.load(untilTen, weights);
  const ask = (...steps: number[]) =>
    answerOf(engine.submit(request(handle, { input: Float32Array.from(steps), steps: 'every' })));
  const [ends, never] = await Promise.allSettled([ask(3, 4), ask(1, 0)]);
  expect(ends).toMatchObject({ value: { values: [12, 12] } });
  expect(never).toMatchObject({
    reason: { code: 'input_mismatch', message: 'a loop of more than 65536 turns' },
  });
});
