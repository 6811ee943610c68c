import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moveOut } from '../formats/onnx/move-out.ts';
import { startServer, type ServerProcess } from './server-process.ts';

// Files of other libraries, copied into a version's folder or imported by a command, and served.

const golden = join(import.meta.dirname, '../golden');
const answers = (kind: string): Record<string, { x: never[]; ids: number[]; y: number[] & number[][] }> =>
  JSON.parse(readFileSync(join(golden, `${kind}-files/answers.json`), 'utf8')) as never;
const root = mkdtempSync(join(tmpdir(), 'unroll-imported-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const models = join(root, 'models');
const drop = (name: string, file: string, spec?: object): void => {
  const folder = join(models, name, '1');
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(golden, file), join(folder, file.split('/').at(-1)!));
  if (spec) writeFileSync(join(folder, 'model.json'), JSON.stringify({ schema: 1, name, ...spec }));
};
const dropFolder = (name: string, folder: string): void =>
  cpSync(join(golden, folder), join(models, name, '1'), { recursive: true });
const program = join(import.meta.dirname, '../../bin/unroll.js');
function unroll(...words: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], UNROLL_MODELS: models },
  });
  return { code: status, output: stdout + stderr };
}

interface Predicted {
  readonly predictions: { readonly output: number[] & number[][] }[];
}
const worst = (found: readonly number[][], expected: readonly number[][]): number =>
  Math.max(...expected.flatMap((row, t) => row.map((value, k) => Math.abs(value - found[t]![k]!))));

describe('an imported file', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    drop('branches', 'keras-files/two-branches.keras');
    drop('gates', 'keras-files/gru-before.h5');
    drop('words', 'torch-files/tagger.pt', {
      task: 'predict',
      inputs: { kind: 'text', vocabulary: 'words', tokens: ['0', '1', '2', '3', '4', '5', '6'] },
      network: {
        layers: [
          { type: 'embedding', name: 'words', vocabulary: 7, units: 4 },
          { type: 'recurrent', name: 'cells', cell: 'gru', units: 5, bidirectional: true },
          { type: 'layer_norm', name: 'norm' },
          { type: 'dense', name: 'out', units: 3 },
        ],
      },
      weights: { file: 'tagger.pt' },
    });
    drop('gru-cell', 'state-dicts/gru-cell.pt');
    mkdirSync(join(models, 'no-version'));
    copyFileSync(join(golden, 'state-dicts/gru-cell.pt'), join(models, 'no-version', 'my model'));
    mkdirSync(join(models, 'phone', '1'), { recursive: true });
    writeFileSync(join(models, 'phone', '1', 'model.tflite'), '\0\0\0\0TFL3');
    drop('moods', 'keras-files/classifier.keras', {
      task: 'classify',
      outputs: { labels: ['bad', 'fair', 'good'] },
      weights: { file: 'classifier.keras' },
    });
    drop('exported', 'onnx-files/tagger-lstm-16.onnx');
    drop('attends', 'onnx-files/graphs/attends-16.onnx');
    drop('frames', 'onnx-files/graphs/frames-16.onnx');
    drop('decoder', 'onnx-signatures/attention-decoder.onnx');
    dropFolder('browsers', 'tfjs-files/lstm');
    drop('doubles', 'float64-files/scripted.pt');
    drop('described-doubles', 'float64-files/arrays.h5', {
      task: 'predict',
      inputs: { kind: 'numeric', features: ['a', 'b', 'c'].map((name) => ({ name })) },
      network: {
        layers: [
          { type: 'recurrent', name: 'rnn', cell: 'lstm', units: 4 },
          { type: 'dense', name: 'out', units: 2 },
        ],
      },
      weights: { file: 'arrays.h5', layers: { rnn: 'rnn' } },
    });
    drop('evil', 'torch-files/evil.pt');
    dropFolder('repeated', 'tfjs-files/repeated');
    dropFolder('own-layers', 'tfjs-files/rnn');
    const topology = join(models, 'own-layers/1/model.json');
    writeFileSync(topology, readFileSync(topology, 'utf8').replace('"LayerNormalization"', '"Lambda"'));
    unroll(
      'import',
      join(golden, 'keras-files/tagger.h5'),
      '--name',
      'imported',
      '--task',
      'tag',
      '--labels',
      'a,b,c',
    );
    server = await startServer(models);
  });
  afterAll(() => server.stop());
  const predict = async (name: string, input: unknown): Promise<number[][]> => {
    const { predictions } = await server.ask<Predicted>(`/v1/models/${name}/predict`, { input });
    const { output } = predictions[0]!;
    return Array.isArray(output[0]) ? output : [output];
  };

  it('is served without a model.json: numeric input', async () => {
    for (const [name, file] of [
      ['branches', 'two-branches'],
      ['gates', 'gru-before'],
    ] as const) {
      const { x, y } = answers('keras')[file]!;
      expect(worst(await predict(name, x), [y])).toBeLessThan(1e-5);
    }
  });

  const graphs = JSON.parse(readFileSync(join(golden, 'onnx-files/graphs/answers.json'), 'utf8')) as Record<
    string,
    { x: number[][]; y: number[][] }
  >;

  it('is served without a model.json: a graph of convolutions with states', async () => {
    const { x, y } = graphs['frames-16']!;
    expect(worst(await predict('frames', x), y)).toBeLessThan(1e-5);
  });

  it('uses the tensor names of its file in the inference protocol', async () => {
    const metadata = (await (await fetch(`${server.url}/v2/models/attends`)).json()) as object;
    expect(metadata).toMatchObject({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1, 4] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, -1, 3] }],
      parameters: { optional_inputs: [{ name: 'lengths' }] },
    });
    const { x, y } = graphs['attends-16']!;
    const { outputs } = await server.ask<{ outputs: { name: string; shape: number[]; data: number[] }[] }>(
      '/v2/models/attends/infer',
      {
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1, x.length, 4], data: [x] }],
        outputs: [{ name: 'y' }],
      },
    );
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([['y', [1, x.length, 3]]]);
    expect(worst([outputs[0]!.data], [y.flat()])).toBeLessThan(1e-5);
  });

  it('is served as tensors only where it runs on no sequences, and says why', async () => {
    const [{ inputs, outputs }] = (
      JSON.parse(readFileSync(join(golden, 'onnx-signatures/answers.json'), 'utf8')) as Record<
        string,
        [{ inputs: object[]; outputs: { name: string; shape: number[]; data: number[] }[] }]
      >
    )['attention-decoder']!;
    const answer = await server.ask<{ outputs: typeof outputs }>('/v2/models/decoder/infer', { inputs });
    expect(answer.outputs.map(({ name, shape }) => [name, shape])).toEqual(
      outputs.map(({ name, shape }) => [name, shape]),
    );
    for (const [i, { data }] of outputs.entries())
      expect(worst([answer.outputs[i]!.data], [data])).toBeLessThan(1e-5);
    const { data: models } = (await (await fetch(`${server.url}/v1/models`)).json()) as {
      data: { id: string }[];
    };
    const reason = expect.stringContaining(
      '"token", "memory", which are not certain to be states or lengths',
    );
    expect(models.find(({ id }) => id === 'decoder')).toMatchObject({
      ready: true,
      error: null,
      task: null,
      tensors: 'graph',
      no_sequence_view: reason,
    });
    expect(models.find(({ id }) => id === 'attends')).toMatchObject({
      tensors: 'layers',
      no_sequence_view: null,
    });
    const refused = await fetch(`${server.url}/v1/models/decoder/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: [[1]] }),
    });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      code: 'no_sequence_view',
      detail: expect.stringContaining('POST /v2/models/decoder/infer'),
    });
    for (const body of [{ inputs: { token: [[1]], memory: [[[1, 2, 3]]] } }, { input: 'a', inputs: [] }])
      await expect(server.ask('/v1/models/decoder/predict', body)).rejects.toThrow(
        /POST \/v2\/models\/decoder\/infer with token \[N\], .*memory \[N, S, 3\].* because/,
      );
    const { code, output } = unroll('inspect', join(golden, 'onnx-signatures/attention-decoder.onnx'));
    expect(code).toBe(0);
    expect(output).toMatch(/input {3}memory {6}FP32 \[N, S, 3\]\n.*\n.*\n {2}output {2}attention/);
    expect(output).toContain('runs on no sequences: the graph reads "token", "memory"');
  });

  it('is served without a model.json: weights that are one certain network', async () => {
    const file = join(golden, 'state-dicts/answers.json');
    const { x, y } = (JSON.parse(readFileSync(file, 'utf8')) as Record<string, { x: never; y: number[][] }>)[
      'gru-cell.pt'
    ]!;
    expect(worst(await predict('gru-cell', x), y)).toBeLessThan(1e-5);
  });

  it('is served with the network that a model.json describes: ids, as words that are numbers', async () => {
    const { ids, y } = answers('torch')['tagger']!;
    expect(worst(await predict('words', [ids.map(String)]), y)).toBeLessThan(1e-5);
  });

  it.each(['doubles', 'described-doubles'])(
    'is served in float32 where its weights are float64, which is noted: %s',
    async (name) => {
      const { x, y } = answers('float64')['net']!;
      expect(worst(await predict(name, x), y)).toBeLessThan(1e-5);
      const details = (await (await fetch(`${server.url}/v1/models/${name}`)).json()) as { notes: string[] };
      expect(details.notes).toContain('6 of 6 tensors are of float64: their numbers are rounded to float32');
    },
  );

  it('is served: an exported graph', async () => {
    const { x, y } = answers('onnx')['tagger-lstm']! as unknown as { x: number[]; y: number[][] };
    expect(worst(await predict('exported', [x.map(String)]), y)).toBeLessThan(1e-5);
  });

  it('is served: a TensorFlow.js model with its own model.json and shards', async () => {
    const { x, y } = answers('tfjs')['lstm']!;
    expect(worst(await predict('browsers', x), [y])).toBeLessThan(1e-5);
  });

  it('is served: a network that is not a stack of layers, with an output of several rows', async () => {
    const { x, y } = answers('tfjs')['repeated']! as unknown as { x: number[][]; y: number[][] };
    expect(worst(await predict('repeated', x), y)).toBeLessThan(1e-5);
    const { inputs } = (await (await server.get('/v2/models/repeated')).json()) as {
      inputs: { name: string }[];
    };
    const { outputs } = await server.ask<{ outputs: { shape: number[]; data: number[] }[] }>(
      '/v2/models/repeated/infer',
      { inputs: [{ name: inputs[0]!.name, datatype: 'FP32', shape: [1, x.length, 3], data: x.flat() }] },
    );
    expect(outputs.map(({ shape }) => shape)).toEqual([[1, 5, 2]]);
    expect(worst([outputs[0]!.data], [y.flat()])).toBeLessThan(1e-5);
  });

  it('of one sequence refuses inputs by name with those that it has and the route for them', async () => {
    const message =
      /inputs: tasks of \/v1 take one sequence, as input; .+ by name: POST \/v2\/models\/attends\/infer/;
    expect(await server.ask('/v1/models/words/predict', { input: '0 1', inputs: null })).toBeTruthy();
    const body = { inputs: { x: [[1]] } };
    await expect(server.ask('/v1/models/attends/predict', body)).rejects.toThrow(message);
    await expect(server.ask('/v1/models/attends/embed', body)).rejects.toThrow(message);
    const lines = await fetch(`${server.url}/v1/models/attends/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: `${JSON.stringify(body)}\n`,
    });
    expect(await lines.text()).toMatch(message);
  });

  it('is served with the overrides of a model.json', async () => {
    const { x, y } = answers('keras')['classifier']!;
    const { predictions } = await server.ask<{
      predictions: { labels: { label: string; score: number }[] }[];
    }>('/v1/models/moods/classify', { input: [x.map(String)], top_k: 3 });
    const best = y.indexOf(Math.max(...y));
    const [first] = Object.values(predictions[0]!).flat() as unknown as { label: string; score: number }[];
    expect(JSON.stringify(first)).toContain(['bad', 'fair', 'good'][best]);
  });

  it('is served after `unroll import` with labels', async () => {
    const { x, y } = answers('keras')['tagger']!;
    const { predictions } = await server.ask<{
      predictions: { tokens: { label: string; score: number }[] }[];
    }>('/v1/models/imported/tag', { input: [x.map(String)] });
    predictions[0]!.tokens.forEach(({ label, score }, t) => {
      const row = y[t]!;
      expect(label).toBe(['a', 'b', 'c'][row.indexOf(Math.max(...row))]);
      expect(score).toBeCloseTo(Math.max(...row), 5);
    });
  });

  it('is listed with the reason when it cannot be served, without affecting others', async () => {
    const { data } = (await (await server.get('/v1/models')).json()) as {
      data: { id: string; error: string | null }[];
    };
    const errors = new Map(data.map(({ id, error }) => [id.replace(/@.*/, ''), error]));
    expect(errors.get('evil')).toContain('"posix.system", which could run code');
    expect(errors.get('own-layers')).toContain('(Lambda): a Lambda is Python code, which is not read');
    expect(errors.get('branches')).toBeNull();
    expect(errors.get('phone')).toContain('"model.tflite" is a TensorFlow Lite model: run python -m tf2onnx');
  });

  it('is listed with the reason when it is not in the folder of a version', async () => {
    const { data } = (await (await server.get('/v1/models')).json()) as { data: { id: string }[] };
    expect(data.find(({ id }) => id === 'no-version')).toMatchObject({
      version: null,
      versions: [],
      ready: false,
      error:
        'no-version has no folder of a version, such as no-version/1; no-version/my model is not in the folder of a version: move it to no-version/1/',
    });
    const reply = await server.post('/v1/models/no-version/predict', { input: [[1]] });
    expect(await reply.json()).toMatchObject({
      code: 'model_not_found',
      detail: expect.stringContaining(
        'there is no model no-version: its folder has no folder of a version',
      ) as string,
    });
  });
});

describe('unroll inspect and import', () => {
  it('show the content of a file', () => {
    const { code, output } = unroll('inspect', join(golden, 'keras-files/classifier.h5'));
    expect(code).toBe(0);
    expect(output).toContain('classifier.h5: Keras HDF5 3.15.1');
    expect(output).toMatch(/bidirectional\s+recurrent: lstm, bidirectional concat of the ends\s+4 → 10/);
    expect(output).toContain('reads one of 11 ids a step, gives 3 numbers a sequence');
    const none = unroll('inspect', join(golden, 'torch-files/views.pt'));
    expect(none).toMatchObject({
      code: 1,
      output: expect.stringContaining('needs a model.json with') as string,
    });
  });

  it('read the external files that a file names', () => {
    const outside = moveOut(
      readFileSync(join(golden, 'onnx-files/tagger-lstm-16.onnx')),
      ({ offset, length }) => ({
        location: 'weights.bin',
        offset: String(offset),
        length: String(length),
      }),
    );
    writeFileSync(join(root, 'outside.onnx'), outside.model);
    expect(unroll('inspect', join(root, 'outside.onnx'))).toMatchObject({
      code: 1,
      output: expect.stringContaining('the external file "weights.bin" is missing') as string,
    });
    writeFileSync(join(root, 'weights.bin'), outside.data);
    for (const file of [join(root, 'outside.onnx'), join(golden, 'tfjs-files/tagger/model.json')]) {
      expect(unroll('inspect', file).output).toContain('can be served: put it into');
      expect(unroll('import', file, '--name', 'beside').output).toMatch(/imported beside@\d to /);
    }
  });

  it('check a file against expected outputs', () => {
    const { x, y } = answers('keras')['gru-after']!;
    const inputs = join(root, 'inputs.json');
    writeFileSync(inputs, JSON.stringify({ input: x, output: [y] }));
    const file = join(golden, 'keras-files/gru-after.keras');
    const { code, output } = unroll('import', file, '--name', 'checked', '--check', inputs);
    expect(code).toBe(0);
    expect(output).toMatch(/largest difference of the kernel from float64: \d(\.\d)?e-[78]/);
    expect(output).toMatch(/largest difference from the expected outputs: \d(\.\d)?e-[78]/);
    expect(output).toContain('imported checked@1 to');
  });

  it('print a model.json for weights without a network, and import them with it once it is completed', () => {
    const file = join(golden, 'state-dicts/both-ends.pt');
    const { code, output } = unroll('inspect', '--template', file);
    expect(code).toBe(0);
    expect(output).toContain('Complete every "one of: …"');
    const template = output.slice(0, output.lastIndexOf('}') + 1);
    const spec = join(root, 'completed.json');
    writeFileSync(spec, template);
    expect(unroll('import', file, '--name', 'ends', '--spec', spec).output).toContain(
      'network.layers.0.backward_at',
    );
    writeFileSync(
      spec,
      template
        .replace(/"one of: step, first[^"]*"/, '"first"')
        .replace(/"one of: last[^"]*"/, '"last"')
        .replace(/"one of: linear[^"]*"/, '"linear"'),
    );
    const expected = JSON.parse(readFileSync(join(golden, 'state-dicts/answers.json'), 'utf8')) as Record<
      string,
      { x: number[][]; y: number[][] }
    >;
    const inputs = join(root, 'ends.json');
    const { x, y } = expected['both-ends.pt']!;
    writeFileSync(inputs, JSON.stringify({ input: x, output: y }));
    const ran = unroll('import', file, '--name', 'ends', '--spec', spec, '--check', inputs);
    const difference = /largest difference from the expected outputs: (\S+)/.exec(ran.output)?.[1];
    expect(Number(difference)).toBeLessThan(1e-6);
    expect(ran.output).toContain('imported ends@1 to');
  });

  it.each([
    [['inspect'], 2, "missing required argument 'file'"],
    [['import', 'x.pt'], 2, "required option '--name <name>' not specified"],
    [['inspect', 'not-there.pt'], 1, 'ENOENT'],
    [['import', join(golden, 'keras-files/gru-after.h5'), '--name', '../up'], 1, 'model.json: name'],
    [['import', join(golden, 'torch-files/evil.pt'), '--name', 'evil'], 1, 'posix.system'],
  ])('refuse %j', (words, code, says) => {
    const ran = unroll(...words);
    expect(ran).toMatchObject({ code, output: expect.stringContaining(says) as string });
    expect(ran.output).not.toContain('node:internal');
  });
});
