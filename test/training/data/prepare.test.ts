import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareTraining } from '../../../src/training/data/prepare.ts';
import type { PreparedTraining } from '../../../src/training/data/prepared.ts';
import type { DataFile } from '../../../src/training/run/run-messages.ts';
import { trainingSpec } from '../../../src/training/training-spec.ts';

const folder = mkdtempSync(join(tmpdir(), 'prepare-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const writeData = (text: string, format: DataFile['format']): DataFile => {
  const path = join(folder, `data-${files++}`);
  writeFileSync(path, text);
  return { path, format };
};
const jsonl = (...records: unknown[]): DataFile =>
  writeData(records.map((one) => JSON.stringify(one)).join('\n'), 'jsonl');

const textLayers = [
  { type: 'embedding', units: 3 },
  { type: 'recurrent', cell: 'gru', units: 4 },
];
const run = (
  fields: Record<string, unknown>,
  data: DataFile,
  validation: DataFile | null = null,
): Promise<PreparedTraining> =>
  prepareTraining(
    trainingSpec.parse({ model: 'm', data: { dataset: 'd' }, validation: { share: 0 }, ...fields }),
    data,
    validation,
    null,
  );
const classify = {
  task: 'classify',
  network: { layers: [...textLayers, { type: 'pool', mode: 'last' }, { type: 'dense' }] },
};
const classifyNumbers = {
  task: 'classify',
  network: {
    layers: [{ type: 'recurrent', cell: 'rnn', units: 2 }, { type: 'pool', mode: 'last' }, { type: 'dense' }],
  },
};
const predictSeries = (series: Record<string, unknown>): Record<string, unknown> => ({
  task: 'predict',
  network: classifyNumbers.network,
  series,
});

describe('classify', () => {
  it('builds the vocabulary and labels, and fills in the network', async () => {
    const { model, input, training } = await run(
      classify,
      jsonl({ text: 'bba', label: 'y' }, { text: 'bc', label: 'x' }),
    );
    expect(model.inputs).toMatchObject({ tokens: ['\ufffd', 'b', 'a', 'c'], unknown: 0 });
    expect(model.outputs.labels).toEqual(['x', 'y']);
    expect(model.network.layers[0]).toMatchObject({ type: 'embedding', vocabulary: 4 });
    expect(model.network.layers.at(-1)).toMatchObject({ type: 'dense', units: 2, activation: 'softmax' });
    expect(input).toEqual({ kind: 'ids', vocabulary: 4 });
    expect(training.list.map(({ input: ids, classes }) => [[...ids], [...classes!]])).toEqual([
      [[1, 1, 2], [1]],
      [[1, 3], [0]],
    ]);
  });

  it.each([
    [{ cell: 'gru', clip: 3 }, 'clip'],
    [{ cell: 'lstm', input_forget: true }, 'input_forget'],
    [{ cell: 'lstm', peepholes: true }, 'peepholes'],
    [{ cell: 'rnn', initial_state: true }, 'initial_state'],
    [{ cell: 'gru', activations: { gate: { type: 'hard_sigmoid' } } }, 'activations'],
    [{ cell: 'rnn', activations: { candidate: { type: 'relu' } } }, 'activations'],
    [
      {
        cell: 'gru',
        bidirectional: true,
        backward_activations: { candidate: { type: 'elu' } },
      },
      'backward_activations',
    ],
  ])('rejects a cell that cannot be trained: %j', async (cell, field) => {
    const layers = [
      { type: 'embedding', units: 3 },
      { type: 'recurrent', name: 'read', units: 4, ...cell },
      { type: 'pool', mode: 'last' },
      { type: 'dense' },
    ];
    await expect(
      run(
        { task: 'classify', network: { layers } },
        jsonl({ text: 'a', label: 'x' }, { text: 'b', label: 'y' }),
      ),
    ).rejects.toMatchObject({
      code: 'invalid_model',
      field: `network.layers.1.${field}`,
      message: expect.stringMatching(
        new RegExp(`^layer read: ${field}: is served and not trained`),
      ) as string,
    });
  });

  it('accepts a cell with its default options', async () => {
    const usual = { gate: { type: 'sigmoid' }, candidate: { type: 'tanh' } };
    const { model } = await run(
      {
        task: 'classify',
        network: {
          layers: [
            { type: 'embedding', units: 3 },
            { type: 'recurrent', cell: 'gru', units: 4, activations: usual, peepholes: false },
            { type: 'pool', mode: 'last' },
            { type: 'dense' },
          ],
        },
      },
      jsonl({ text: 'a', label: 'x' }, { text: 'b', label: 'y' }),
    );
    expect(model.network.layers[1]).toMatchObject({ activations: usual });
  });

  it('rejects a label that is only in the validation data, with the label and its line', async () => {
    const data = jsonl({ text: 'a', label: 'x' }, { text: 'b', label: 'y' });
    await expect(
      run(classify, data, jsonl({ text: 'a', label: 'x' }, { text: 'a', label: 'z' })),
    ).rejects.toMatchObject({
      code: 'invalid_dataset',
      message: expect.stringMatching(/^validation: line 2: .*"z"/) as string,
    });
  });

  it('rejects text among numbers, with the line', async () => {
    const data = jsonl({ values: [1, 2], label: 'x' }, { text: 'a', label: 'y' });
    await expect(run(classifyNumbers, data)).rejects.toMatchObject({
      code: 'invalid_dataset',
      message: expect.stringContaining('line 2: has text') as string,
    });
  });

  it('centres and scales features by the training data; a constant feature has scale 1', async () => {
    const data = jsonl(
      {
        values: [
          [1, 5],
          [3, 5],
        ],
        label: 'x',
      },
      { values: [[5, 5]], label: 'y' },
    );
    const { model, training } = await run(classifyNumbers, data);
    const deviation = Math.sqrt(8 / 3);
    expect(model.inputs).toMatchObject({
      features: [
        { mean: 3, scale: deviation },
        { mean: 5, scale: 1 },
      ],
    });
    expect([...training.list[0]!.input]).toEqual([Math.fround(-2 / deviation), 0, 0, 0]);
  });

  it('skips and counts sequences longer than max_steps', async () => {
    const fields = { ...classify, hyperparameters: { max_steps: 2 } };
    const data = jsonl({ text: 'abc', label: 'x' }, { text: 'ab', label: 'y' });
    const { skipped, training } = await run(fields, data);
    expect([skipped, training.list.length, training.list[0]!.steps]).toEqual([1, 1, 2]);
  });

  it('rejects invalid records, with the line, and data without records', async () => {
    await expect(run(classify, writeData('{"text":"a","label":"x"}\n{oh', 'jsonl'))).rejects.toThrow(
      'line 2: is not JSON',
    );
    await expect(run(classify, jsonl({ text: 'a' }))).rejects.toThrow(/line 1: needs either label or labels/);
    await expect(run(classify, writeData('\n\n', 'jsonl'))).rejects.toThrow('has no records');
    await expect(run(classify, writeData('text,label\na,x,1\n', 'csv'))).rejects.toThrow(
      'line 2: expected 2 columns, got 3',
    );
  });

  it('rejects splitting one record', async () => {
    const fields = { ...classify, validation: { share: 0.1 } };
    await expect(run(fields, jsonl({ text: 'a', label: 'x' }))).rejects.toMatchObject({
      code: 'invalid_dataset',
    });
  });

  it('draws the validation data by the seed', async () => {
    const data = jsonl(...Array.from({ length: 40 }, (_, i) => ({ text: 'a', label: i % 2 ? 'x' : 'y' })));
    const drawLines = async (seed: number): Promise<number[]> => {
      const { training, validation } = await run({ ...classify, validation: { share: 0.25 }, seed }, data);
      const lines = validation!.list.map(({ line }) => line);
      expect([...lines, ...training.list.map(({ line }) => line)].sort((a, b) => a - b)).toEqual(
        Array.from({ length: 40 }, (_, i) => i + 1),
      );
      return lines;
    };
    const first = await drawLines(1);
    expect(first).toHaveLength(10);
    expect(await drawLines(1)).toEqual(first);
    expect(await drawLines(2)).not.toEqual(first);
  });
});

it('decode reads start and target, and predicts target and end', async () => {
  const fields = {
    task: 'decode',
    network: { encoder: { layers: textLayers }, layers: [...textLayers, { type: 'dense' }] },
  };
  const { model, training, input, source } = await run(
    fields,
    jsonl({ source: 'ab', target: ['p', 'q', 'p'] }),
  );
  expect(model.outputs.vocabulary).toMatchObject({ tokens: ['<s>', '</s>', 'p', 'q'], start: 0, end: 1 });
  const [example] = training.list;
  expect([[...example!.input], [...example!.classes!], [...example!.source!]]).toEqual([
    [0, 2, 3, 2],
    [2, 3, 2, 1],
    [1, 2],
  ]);
  expect([input, source]).toEqual([
    { kind: 'ids', vocabulary: 4 },
    { kind: 'ids', vocabulary: 3 },
  ]);
});

it.each([['pz'], [['p', 'z']]])('decode rejects a target with an unknown token: %j', async (target) => {
  const fields = {
    task: 'decode',
    network: { encoder: { layers: textLayers }, layers: [...textLayers, { type: 'dense' }] },
    outputs: { vocabulary: { min_count: 2 } },
  };
  const data = jsonl({ source: 'ab', target: 'pp' }, { source: 'ab', target });
  await expect(run(fields, data)).rejects.toThrow(
    /line 2: the target has a token that is not in the vocabulary/,
  );
});

it('decode rejects the characters of words as output', async () => {
  const fields = {
    task: 'decode',
    network: { encoder: { layers: textLayers }, layers: [...textLayers, { type: 'dense' }] },
    outputs: { vocabulary: { vocabulary: 'words', characters: { prefix: 1, suffix: 1 } } },
  };
  await expect(run(fields, jsonl({ source: 'ab', target: 'p q' }))).rejects.toMatchObject({
    code: 'invalid_request',
    field: 'outputs.vocabulary.characters',
  });
});

describe('predict from a series', () => {
  const csv = writeData('a,b\n1,10\n2,20\n3,30\n4,40\n5,50\n', 'csv');

  it('reads windows and predicts the steps after each', async () => {
    const { model, training } = await run(predictSeries({ window: 2, horizon: 2, targets: ['b'] }), csv);
    const units = model.outputs.units!;
    expect(units.map(({ name }) => name)).toEqual(['b t+1', 'b t+2']);
    const unscaled = training.list.map(({ values }) =>
      [...values!].map((one, k) => Math.round(one * units[k]!.scale + units[k]!.mean)),
    );
    expect(unscaled).toEqual([
      [30, 40],
      [40, 50],
    ]);
  });

  it('rejects validation data without the columns, or of another format', async () => {
    const fields = predictSeries({ window: 1, horizon: 1 });
    await expect(run(fields, csv, writeData('a\n1\n2\n', 'csv'))).rejects.toMatchObject({
      code: 'invalid_dataset',
    });
    await expect(run(fields, csv, jsonl({ values: [1], target: 1 }))).rejects.toMatchObject({
      code: 'invalid_dataset',
    });
  });
});
