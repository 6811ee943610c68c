import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { formatNetwork } from '../../../src/cli/format-network.ts';
import { toOperatorNetwork } from '../keras/to-operator-network.ts';
import { readTfjs } from '../../../src/formats/tfjs/read-tfjs.ts';
import { readModelFolder } from '../../../src/repository/read-model-folder.ts';
import { createFolderFiles } from '../../../src/repository/folder-files.ts';
import { temporaryFolder } from '../../repository/model-folders.ts';
import { getSequence } from '../../repository/sequence-model.ts';
import { expectAnswer, type Answer } from '../expect-answer.ts';

// Models as TensorFlow.js 4.22 saves them, model.json and shards (golden/make-tfjs-files.mjs).

const folder = join(import.meta.dirname, '../../golden/tfjs-files');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<string, Answer>;
const read = (name: string) =>
  readImportedFile(readFileSync(join(folder, name, 'model.json')), {
    externalFiles: createFolderFiles(join(folder, name), 1e6),
  });

describe('a TensorFlow.js model', () => {
  it.each(Object.keys(answers))('%s matches TensorFlow.js', async (name) => {
    expectAnswer((await read(name)).network(), answers[name]!);
  });

  it.each(Object.keys(answers))('%s matches TensorFlow.js as an operator graph, too', async (name) => {
    const json: unknown = JSON.parse(readFileSync(join(folder, name, 'model.json'), 'utf8'));
    const { model } = await readTfjs(json, createFolderFiles(join(folder, name), 1e6));
    expectAnswer(toOperatorNetwork(model!), answers[name]!);
  });

  it.each([
    ['conv-valid', 'Conv "conv1d_Conv1D6.conv.3": it has other rows than the steps'],
    ['repeated', 'RepeatVector'],
    ['joins', 'it has no axis of steps that may have any length'],
    ['both-mul', 'it has other rows than the steps'],
  ])('%s is not converted to layers, with the reason', async (name, because) => {
    const { network, notes } = (await read(name)).network();
    expect(network.layers.map(({ type }) => type)).toEqual(['operator_graph']);
    expect(notes.at(-1)).toContain('not converted to layers:');
    expect(notes.at(-1)).toContain(because);
  });

  it.each([
    ['repeated', 'gives 5 rows of 2 numbers a sequence'],
    ['conv-valid', 'gives 2 numbers a sequence'],
    ['backwards-sequences', 'gives 2 numbers a step'],
  ])('%s is described with its output: it %s', async (name, gives) => {
    expect(formatNetwork((await read(name)).network()).join('\n')).toContain(gives);
  });

  it('notes the version that wrote it', async () => {
    const file = await read('lstm');
    expect(file.format).toBe('TensorFlow.js tfjs-layers 4.22.0');
    expect([...file.arrays.keys()].slice(0, 3).map((name) => name.split('/')[1])).toEqual([
      'kernel',
      'recurrent_kernel',
      'bias',
    ]);
  });
});

describe('a version folder with a TensorFlow.js model', () => {
  const copyModel = (name: string): { root: string; folder: string } => {
    const root = temporaryFolder();
    const version = join(root, 'model', '1');
    mkdirSync(version, { recursive: true });
    cpSync(join(folder, name), version, { recursive: true });
    return { root, folder: version };
  };
  const open = ({ root, folder: version }: { root: string; folder: string }) =>
    readModelFolder(root, version, 'model').then(getSequence);

  it('is recognized by the content of its model.json', async () => {
    const { spec, weights } = await open(copyModel('tagger'));
    expect(spec).toMatchObject({ name: 'model', task: 'predict', inputs: { kind: 'text' } });
    expect(await weights()).toEqual((await read('tagger')).network().weights);
  });

  it('may have a model.json of ours that names the TensorFlow.js file', async () => {
    const there = copyModel('classifier');
    renameSync(join(there.folder, 'model.json'), join(there.folder, 'tfjs.json'));
    const own = {
      task: 'classify',
      outputs: { labels: ['bad', 'fair', 'good'] },
      weights: { file: 'tfjs.json' },
    };
    writeFileSync(join(there.folder, 'model.json'), JSON.stringify({ schema: 1, name: 'moods', ...own }));
    const { spec } = await open(there);
    expect(spec).toMatchObject({ name: 'moods', task: 'classify', outputs: own.outputs });
  });

  it('is refused when a shard is missing or truncated', async () => {
    const there = copyModel('lstm');
    const shard = join(there.folder, 'group1-shard5of5.bin');
    writeFileSync(shard, readFileSync(shard).subarray(1));
    await expect(open(there)).rejects.toThrow(/bytes \d+ to \d+ of .*shard5of5.*, which has \d+/);
    rmSync(shard);
    await expect(open(there)).rejects.toThrow('the external file "group1-shard5of5.bin" is missing');
    await expect(open(there)).rejects.toMatchObject({ code: 'invalid_weights' });
  });
});

describe('a damaged model.json', () => {
  type Manifest = { paths: unknown; weights: Record<string, unknown>[] }[];
  const changed = async (
    change: (json: { format?: string; modelTopology: unknown; weightsManifest: Manifest }) => void,
    name = 'rnn',
  ): Promise<unknown> => {
    const json = JSON.parse(readFileSync(join(folder, name, 'model.json'), 'utf8')) as Parameters<
      typeof change
    >[0];
    change(json);
    const file = await readImportedFile(new TextEncoder().encode(JSON.stringify(json)), {
      externalFiles: createFolderFiles(join(folder, name), 1e6),
    });
    return file.network();
  };
  const first = ({ weightsManifest }: { weightsManifest: Manifest }) => weightsManifest[0]!.weights[0]!;

  it.each<[string, Parameters<typeof changed>[0], RegExp]>([
    [
      'a graph model',
      (json) => (json.format = 'graph-model'),
      /of format "graph-model", must be "layers-model"/,
    ],
    ['no topology', (json) => (json.modelTopology = null), /weights but no network/],
    [
      'no manifest',
      (json) => delete (json as { weightsManifest?: unknown }).weightsManifest,
      /is not a list/,
    ],
    [
      'a path that climbs out',
      (json) => (json.weightsManifest[0]!.paths = ['../rnn/group1-shard1of1.bin']),
      /must be a relative path inside its folder/,
    ],
    ['paths that are none', (json) => (json.weightsManifest[0]!.paths = [3]), /weightsManifest\.0\.paths/],
    ['a type that is none', (json) => (first(json)['dtype'] = 'string'), /has the unsupported type "string"/],
    [
      'the type "constructor"',
      (json) => (first(json)['dtype'] = 'constructor'),
      /has the unsupported type "constructor"/,
    ],
    ['a shape too large', (json) => (first(json)['shape'] = [1e9, 1e9]), /more than \d+ elements/],
    ['a shape too small', (json) => (first(json)['shape'] = [1, 5]), /its weights take/],
    [
      'a scale that is none',
      (json) => (first(json)['quantization'] = { dtype: 'uint8', scale: 'x', min: 0 }),
      /is quantized as/,
    ],
    [
      'a weight of no layer',
      (json) => (first(json)['name'] = 'stranger/kernel'),
      /"stranger\/kernel" belongs to no layer/,
    ],
    [
      'a weight that appears twice',
      ({ weightsManifest: [group] }) => (group!.weights[1]!['name'] = group!.weights[0]!['name']),
      /appears twice/,
    ],
  ])('is refused for %s', async (_, change, says) => {
    await expect(changed(change)).rejects.toThrow(says);
  });

  it('is refused with the field when a size exceeds a limit', async () => {
    const config = {
      name: 'wide',
      units: 300_000,
      batch_input_shape: [null, null, 1],
    };
    const json = {
      modelTopology: { class_name: 'Sequential', config: [{ class_name: 'Dense', config }] },
      weightsManifest: [
        {
          paths: ['numbers'],
          weights: [
            { name: 'wide/kernel', shape: [1, 300_000], dtype: 'uint8' },
            { name: 'wide/bias', shape: [300_000], dtype: 'uint8' },
          ],
        },
      ],
    };
    const externalFiles = { read: async () => new Uint8Array(600_000), list: async () => [] };
    const file = await readImportedFile(new TextEncoder().encode(JSON.stringify(json)), {
      externalFiles,
    });
    expect(() => file.network()).toThrow('units: Too big: expected number to be <=262144');
  });

  it('is refused when a layer’s initial state is a sequence', async () => {
    type Nodes = { name: string; inbound_nodes: unknown[][][] }[];
    const from = (json: { modelTopology: unknown }): void => {
      const { layers } = (json.modelTopology as { config: { layers: Nodes } }).config;
      const right = layers.find(({ name }) => name === 'right')!;
      right.inbound_nodes[0]![0]![3] = { initial_state: [['left', 0, 0]] };
    };
    await expect(changed(from, 'branches')).rejects.toThrow(
      '"right" (GRU): has an initial state of [steps, 4], must be [4]',
    );
  });

  it('is refused when it is not JSON, or not a known format', async () => {
    const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
    await expect(readImportedFile(encode('{"a": '))).rejects.toThrow('the JSON file is not JSON');
    await expect(readImportedFile(encode('{"a": 1}'))).rejects.toThrow(
      /the JSON file is not a network of TensorFlow\.js or Keras/,
    );
  });
});
