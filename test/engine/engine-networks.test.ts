import { afterEach, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine-interface.ts';
import { features, network, randomSequence } from '../network/random-network.ts';
import { windows } from '../network/operator-graphs.ts';
import {
  readResult,
  bidirectional,
  causal,
  expectReconciled,
  generating,
  kernel,
  loadNetwork,
  request,
  someIds,
  startEngine,
  vocabulary,
} from './served-networks.ts';

let engine: Engine;
afterEach(async () => {
  await expectReconciled(engine);
  await engine.close();
});

test('thousands of small sequences leave no state behind', async () => {
  engine = startEngine({ queue: 10_000 });
  const handle = await loadNetwork(engine, causal);
  const signal = new AbortController().signal;
  const results = await Promise.all(
    Array.from({ length: 5000 }, (_, i) =>
      readResult(engine.submit(request(handle, { input: someIds(1 + (i % 9), i), signal }))),
    ),
  );
  expect(results.reduce((sum, { steps }) => sum + steps, 0)).toBe(
    results.reduce((sum, _, i) => sum + 1 + (i % 9), 0),
  );
  const stats = engine.stats();
  expect(stats).toMatchObject({ running: 0, waiting: 0, restarts: 0 });
  expect(stats.steps).toBe(results.reduce((sum, { steps }) => sum + steps, 0));
  expect(stats.byRows.reduce((sum, ticks) => sum + ticks, 0)).toBe(stats.ticks);
});

test('frees all memory on unload', async () => {
  engine = startEngine();
  const before = kernel.memory.used;
  for (let round = 0; round < 5; round++) {
    const handles = [await loadNetwork(engine, causal), await loadNetwork(engine, bidirectional)];
    await Promise.all(handles.map((handle) => readResult(engine.submit(request(handle)))));
    expect(kernel.memory.used).toBeGreaterThan(before);
    await Promise.all(handles.map((handle) => engine.unload(handle)));
    expect(kernel.memory.used).toBe(before);
    await expect(readResult(engine.submit(request(handles[0]!)))).rejects.toMatchObject({
      code: 'model_not_ready',
    });
  }
});

test('frees a network once where the engine is closed while it is loaded', async () => {
  engine = startEngine();
  const before = kernel.memory.used;
  const loading = loadNetwork(engine, causal);
  expect(kernel.memory.used).toBeGreaterThan(before);
  await Promise.all([expect(loading).rejects.toMatchObject({ code: 'shutting_down' }), engine.close()]);
  expect(kernel.memory.used).toBe(before);
});

test('rejects input that does not match the network', async () => {
  engine = startEngine({ maxSteps: 30 });
  const handle = await loadNetwork(engine, causal);
  const both = await loadNetwork(engine, bidirectional);
  const submitForCode = (more: object, to = handle) =>
    readResult(engine.submit(request(to, more))).catch((error: { code: string }) => error.code);
  expect(await submitForCode({ input: new Int32Array(0) })).toBe('empty_input');
  expect(await submitForCode({ input: Int32Array.of(3, 20) })).toBe('input_mismatch');
  expect(await submitForCode({ input: Int32Array.of(-1) })).toBe('input_mismatch');
  expect(await submitForCode({ input: Float32Array.of(1) })).toBe('input_mismatch');
  expect(await submitForCode({ input: someIds(31, 1) })).toBe('sequence_too_long');
  expect(await submitForCode({ generation: generating() }, both)).toBe('wrong_task');
});

test('describes a network', async () => {
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

test('rejects a sequence shorter than a network’s windows, and completes the others', async () => {
  engine = startEngine();
  const handle = await loadNetwork(engine, windows, features(1));
  const run = (steps: number) =>
    readResult(engine.submit(request(handle, { input: randomSequence(features(1), steps, 1) })));
  const [long, short] = await Promise.allSettled([run(9), run(4)]);
  expect(long).toMatchObject({ status: 'fulfilled', value: { steps: 9 } });
  expect(short).toMatchObject({
    reason: {
      code: 'input_mismatch',
      message:
        'input: 4 steps are not supported by the network: Conv (windows): a window of 5 is longer than the axis of 4 with its pads',
    },
  });
});

test('describes the options of a network’s cells', async () => {
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

test('a sequence whose loop does not end fails without affecting others', async () => {
  engine = startEngine();
  const untilTen = network([
    {
      type: 'operator_graph',
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
    ['operator_graph_0.ten', scalar(10)],
    ['operator_graph_0.none', scalar(0)],
  ]);
  const handle = await engine.load(untilTen, weights);
  const run = (...steps: number[]) =>
    readResult(engine.submit(request(handle, { input: Float32Array.from(steps), steps: 'every' })));
  const [ends, never] = await Promise.allSettled([run(3, 4), run(1, 0)]);
  expect(ends).toMatchObject({ value: { values: [12, 12] } });
  expect(never).toMatchObject({
    reason: { code: 'input_mismatch', message: 'a loop of more than 65536 iterations' },
  });
});
