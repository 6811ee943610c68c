import type { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { placeGraph } from '../../src/engine/place-graph.ts';
import { kernel, startEngine } from '../engine/served-networks.ts';
import type { WireTensor } from '../../src/open-inference/tensor.ts';
import type { OperatorSpec } from '../../src/operators/spec.ts';
import type { Dimension, SignatureTensor, SignedGraph } from '../../src/operators/signature.ts';
import { engine, evaluate, readGraph, serveGraph, signatureAnswers, toWire } from './served-graph.ts';

const tensor = (name: string, ...shape: Dimension[]): SignatureTensor => ({
  name,
  value: name,
  datatype: 'FP32',
  shape,
});
const graph = (
  inputs: readonly SignatureTensor[],
  outputs: readonly SignatureTensor[],
  operators: readonly OperatorSpec[],
): SignedGraph => ({ signature: { inputs, outputs }, operators, constants: new Map() });
const floats = (name: string, shape: number[], value = 1): WireTensor => ({
  name,
  datatype: 'FP32',
  shape,
  values: Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => value),
});

const sums = graph(
  [tensor('a', 'N', 2), tensor('b', 'N', 2)],
  [tensor('sum', 'N', 2), tensor('difference', 'N', 2)],
  [
    { operator: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
    { operator: 'Sub', inputs: ['a', 'b'], outputs: ['difference'] },
  ],
);
/** Column times row, then that times itself: as much memory and work as the caller's N asks for. */
const squares = graph(
  [tensor('a', 'N', 1), tensor('b', 1, 'N')],
  [tensor('first', null, null)],
  [
    { operator: 'MatMul', inputs: ['a', 'b'], outputs: ['ab'] },
    { operator: 'MatMul', inputs: ['ab', 'ab'], outputs: ['square'] },
    { operator: 'ReduceMax', inputs: ['square'], outputs: ['first'] },
  ],
);

describe('tensors of a graph', () => {
  const [a, b] = [floats('a', [1, 2], 3), floats('b', [1, 2], 1)];
  it.each<[what: string, inputs: WireTensor[], says: string]>([
    [
      'a name the file does not have',
      [a, b, floats('lengths', [1])],
      'inputs[2].name: must be one of a, b, was "lengths"',
    ],
    ['a name twice', [a, a], 'inputs[1].name: a was given twice'],
    ['one missing', [a], 'inputs: b is missing'],
    ['another datatype', [a, { ...b, datatype: 'FP64' }], 'inputs.b.datatype: must be FP32, was FP64'],
    ['another size', [a, floats('b', [1, 3])], 'inputs.b.shape: must be [-1, 2], was [1, 3]'],
    ['another number of dimensions', [a, floats('b', [2])], 'inputs.b.shape: must be [-1, 2], was [2]'],
  ])('are refused with %s', async (_, inputs, says) => {
    const served = await serveGraph(sums);
    await expect(evaluate(served, inputs)).rejects.toMatchObject({ code: 'invalid_request', message: says });
  });

  it('are those that were asked for, in that order', async () => {
    const served = await serveGraph(sums);
    const answers = await evaluate(served, [b, a], { outputs: [{ name: 'difference' }, { name: 'sum' }] });
    expect(answers.map(({ name, values }) => [name, ...values])).toEqual([
      ['difference', 2, 2],
      ['sum', 4, 4],
    ]);
    await expect(evaluate(served, [a, b], { outputs: [{ name: 'product' }] })).rejects.toThrow(
      'outputs[0].name: must be one of sum, difference, was "product"',
    );
  });

  it('are computed in float64 where they are FP64, and refused where they have no room', async () => {
    const double = (name: string): SignatureTensor => ({ ...tensor(name, 'N'), datatype: 'FP64' });
    const given = (name: string, datatype: WireTensor['datatype'], value: number): WireTensor => ({
      name,
      datatype,
      shape: [1],
      values: [value],
    });
    const difference = [{ operator: 'Sub', inputs: ['a', 'b'], outputs: ['c'] }];
    const doubles = await serveGraph(graph([double('a'), double('b')], [double('c')], difference));
    const [c] = await evaluate(doubles, [given('a', 'FP64', 1e15 + 0.25), given('b', 'FP64', 1e15)]);
    expect(c).toEqual({ name: 'c', datatype: 'FP64', shape: [1], values: [0.25] });
    const singles = graph([tensor('a', 'N'), tensor('b', 'N')], [tensor('c', 'N')], difference);
    await expect(
      evaluate(await serveGraph(singles), [given('a', 'FP32', 1e39), given('b', 'FP32', 0)]),
    ).rejects.toThrow('inputs.a[0]: must be FP32, was 1e+39');
    const long = (name: string): SignatureTensor => ({ ...tensor(name, 'N'), datatype: 'INT64' });
    const longs = await serveGraph(graph([long('a'), long('b')], [long('c')], difference));
    await expect(
      evaluate(longs, [given('a', 'INT64', 2 ** 53 - 1), given('b', 'INT64', -1)]),
    ).rejects.toMatchObject({
      code: 'input_mismatch',
      message: expect.stringContaining('outputs.c[0]: is 9007199254740992'),
    });
  });

  it('are refused where they fit the file’s shapes and not its operators', async () => {
    const recurrent = await readGraph('onnx-signatures/time-major-states.onnx');
    const [x, ...states] = recurrent.signature.inputs;
    const open = {
      ...recurrent,
      signature: { ...recurrent.signature, inputs: [{ ...x!, shape: null }, ...states] },
    };
    const served = await serveGraph(open);
    const inputs = [floats('x', [2, 1, 5]), floats('h0', [1, 1, 4]), floats('c0', [1, 1, 4])];
    await expect(evaluate(served, inputs)).rejects.toMatchObject({
      code: 'input_mismatch',
      message: expect.stringContaining('X has 5 columns, W [1, 16, 3] reads 3'),
    });
  });
});

describe('a recurrent operator', () => {
  it.each<[what: string, file: string, change: Record<string, WireTensor>, says: string]>([
    [
      'lengths beyond the steps',
      'lengths-int32',
      { lengths: { name: 'lengths', datatype: 'INT32', shape: [2], values: [5, 1] } },
      'sequence_lens[0] is 5, must be from 0 to the 4 steps of X',
    ],
    [
      'states of another layout',
      'time-major-states',
      { h0: floats('h0', [1, 1, 8]) },
      'inputs.h0.shape: must be [1, -1, 4], was [1, 1, 8]',
    ],
    [
      'states of another batch',
      'time-major-states',
      { h0: floats('h0', [1, 3, 4]) },
      'initial_h is [1, 3, 4], must be [1, 2, 4]',
    ],
  ])('is refused %s, as ONNX Runtime refuses them', async (_, file, change, says) => {
    const served = await serveGraph(await readGraph(`onnx-signatures/${file}.onnx`));
    const inputs = signatureAnswers[file]![0]!.inputs.map((input) => change[input.name] ?? toWire(input));
    await expect(evaluate(served, inputs)).rejects.toThrow(says);
  });
});

it('refuses a product of integers that it would round, as a hash has them', async () => {
  const ids = (name: string): SignatureTensor => ({ ...tensor(name, 'N'), datatype: 'INT64' });
  const product = await serveGraph(
    graph([ids('a'), ids('b')], [ids('y')], [{ operator: 'Mul', inputs: ['a', 'b'], outputs: ['y'] }]),
  );
  const integers = (name: string, value: number): WireTensor => ({
    ...floats(name, [1], value),
    datatype: 'INT64',
  });
  const [exact] = await evaluate(product, [integers('a', 2 ** 30), integers('b', 2 ** 22)]);
  expect(exact!.values).toEqual([2 ** 52]);
  await expect(
    evaluate(product, [integers('a', 2_654_435_761), integers('b', 2 ** 40)]),
  ).rejects.toMatchObject({
    code: 'input_mismatch',
    message: /integers are computed up to 9007199254740991/,
  });
});

it('refuses an index that a table does not have, as ONNX Runtime does', async () => {
  const served = await serveGraph(await readGraph('onnx-signatures/ids-int64.onnx'));
  const tokens = (values: number[]): WireTensor => ({
    name: 'tokens',
    datatype: 'INT64',
    shape: [1, 1],
    values,
  });
  for (const id of [7, -8])
    await expect(evaluate(served, [tokens([id])])).rejects.toMatchObject({
      code: 'input_mismatch',
      message: expect.stringContaining(`index ${id} is out of range for an axis of 7`),
    });
  // from the end
  expect(await evaluate(served, [tokens([-1])])).toEqual(await evaluate(served, [tokens([6])]));
});

describe('the limits of an evaluation', () => {
  const column = (size: number): WireTensor[] => [floats('a', [size, 1]), floats('b', [1, size])];

  it('refuse more memory and more work before they are used', async () => {
    const served = await serveGraph(squares);
    await expect(evaluate(served, column(8192))).rejects.toMatchObject({
      code: 'work_too_large',
      message: 'inputs: its tensors have more than 67108864 elements of 32 bits in total',
    });
    await expect(evaluate(served, column(2800))).rejects.toMatchObject({
      code: 'work_too_large',
      message: 'inputs: a run computes more than 1073741824 elements',
    });
    const [first] = await evaluate(served, column(8));
    expect([...first!.values]).toEqual([8]);
  });

  it('refuse a reply that is too large', async () => {
    const served = await serveGraph(sums);
    const inputs = [floats('a', [100, 2]), floats('b', [100, 2])];
    const asked = { limits: { maxReplyBytes: 24 * 399 } };
    await expect(evaluate(served, inputs, asked)).rejects.toMatchObject({
      code: 'reply_too_large',
      message: expect.stringContaining(
        'at most 399 numbers in a reply (UNROLL_MAX_REPLY_BYTES), these are 400',
      ),
    });
    expect(await evaluate(served, inputs, { ...asked, outputs: [{ name: 'sum' }] })).toHaveLength(1);
  });
});

describe('an evaluation of many operators', () => {
  const many = graph(
    [tensor('x', 256, 256)],
    [tensor('y100', 256, 256)],
    Array.from({ length: 100 }, (_, i) => ({
      operator: 'MatMul',
      inputs: [i === 0 ? 'x' : `y${i}`, 'x'],
      outputs: [`y${i + 1}`],
    })),
  );
  const x = floats('x', [256, 256], 1 / 256);

  it('leaves the worker when its caller does or its deadline passes', async () => {
    const served = await serveGraph(many);
    const caller = new AbortController();
    const left = evaluate(served, [x], { signal: caller.signal });
    await vi.waitFor(() => expect(engine.stats().running).toBe(1));
    caller.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    await expect(evaluate(served, [x], { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'deadline_exceeded',
    });
    const other = await serveGraph(sums);
    expect(await evaluate(other, [floats('a', [1, 2]), floats('b', [1, 2])])).toHaveLength(2);
    expect(engine.stats()).toMatchObject({ running: 0, waiting: 0, unreconciled: 0 });
    await vi.waitFor(() => expect(engine.stats().workerSequences).toBe(0));
  });

  it('of one operator lets others go first, and leaves as well', async () => {
    const loop = graph(
      [tensor('x', 512), { ...tensor('count'), datatype: 'INT64' }],
      [tensor('y', 512)],
      [
        {
          operator: 'Loop',
          inputs: ['count', '', 'x'],
          outputs: ['y'],
          bodies: {
            body: {
              inputs: ['i', 'go', 'state'],
              operators: [
                { operator: 'Tanh', inputs: ['state'], outputs: ['next'] },
                { operator: 'Identity', inputs: ['go'], outputs: ['goOn'] },
              ],
              outputs: ['goOn', 'next'],
            },
          },
        },
      ],
    );
    const [served, other] = [await serveGraph(loop), await serveGraph(sums)];
    const count: WireTensor = { name: 'count', datatype: 'INT64', shape: [], values: [65_000] };
    const caller = new AbortController();
    let ended = false;
    const long = evaluate(served, [floats('x', [512]), count], { signal: caller.signal }).finally(() => {
      ended = true;
    });
    await vi.waitFor(() => expect(engine.stats().running).toBe(1));
    await evaluate(other, [floats('a', [1, 2]), floats('b', [1, 2])]);
    expect(ended).toBe(false);
    caller.abort();
    await expect(long).rejects.toMatchObject({ code: 'cancelled' });
    await vi.waitFor(() => expect(engine.stats().workerSequences).toBe(0));
  });

  it('runs again where its worker dies', async () => {
    const threads: Worker[] = [];
    const own = startEngine({ workers: 1, hooks: { onWorkerStart: (thread) => threads.push(thread) } });
    onTestFinished(() => own.close());
    const served = await own.registerGraph(placeGraph(many, { kernel, workers: 1 }));
    const answer = evaluate(served, [x], { engine: own });
    await vi.waitFor(() => expect(own.stats().running).toBe(1));
    await threads[0]!.terminate();
    // every row of x sums to 1, and so does every row of its powers
    const [y] = await answer;
    expect((y!.values as Float32Array).every((value) => Math.abs(value - 1 / 256) < 1e-6)).toBe(true);
    expect(own.stats()).toMatchObject({ restarts: 1, running: 0, unreconciled: 0 });
  });

  it('ends when its graph is unloaded', async () => {
    const served = await serveGraph(many);
    const failed = expect(evaluate(served, [x])).rejects.toMatchObject({ code: 'model_not_ready' });
    await vi.waitFor(() => expect(engine.stats().running).toBe(1));
    await engine.unload(served);
    await failed;
    expect(engine.stats()).toMatchObject({ running: 0, unreconciled: 0 });
  });
});

it('gives each sequence of a batch the bits that it gets alone, and whole the bits of steps with its state', async () => {
  const served = await serveGraph(await readGraph('onnx-signatures/time-major-states.onnx'));
  const [batch] = signatureAnswers['time-major-states']!;
  const [steps, rows] = batch!.inputs[0]!.shape as [number, number];
  const inputs = batch!.inputs.map(toWire);
  const together = await evaluate(served, inputs);
  /** Row `row` of a tensor [.., rows, width], at one step of x. */
  const pick = ({ values, shape, ...rest }: WireTensor, row: number, t: number): WireTensor => {
    const width = shape[2]!;
    const start = ((rest.name === 'x' || rest.name === 'y' ? t : 0) * rows + row) * width;
    return { ...rest, shape: [1, 1, width], values: (values as number[]).slice(start, start + width) };
  };
  for (let row = 0; row < rows; row++) {
    let states = inputs.slice(1).map((state) => pick(state, row, 0));
    for (let t = 0; t < steps; t++) {
      const [y, h, c] = await evaluate(served, [pick(inputs[0]!, row, t), ...states]);
      expect([...y!.values]).toEqual([...pick(together[0]!, row, t).values]);
      states = [
        { ...h!, name: 'h0' },
        { ...c!, name: 'c0' },
      ];
    }
    expect(states.map(({ values }) => [...values])).toEqual(
      together.slice(1).map((state) => [...pick(state, row, 0).values]),
    );
  }
});
