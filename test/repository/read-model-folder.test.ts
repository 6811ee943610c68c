import { copyFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { readModelFolder } from '../../src/repository/read-model-folder.ts';
import {
  classifier,
  classifierSpec,
  classifierWeights,
  temporaryFolder,
  writeModel,
} from './model-folders.ts';
import { getSequence } from './sequence-model.ts';

const readSpec = async (root: string, folder: string) =>
  getSequence(await readModelFolder(root, folder, 'tiny')).spec;

describe('model.json', () => {
  it('reads a model.json', async () => {
    const root = temporaryFolder();
    const spec = await readSpec(root, writeModel(root, 'tiny', 1));
    expect(spec).toEqual(classifierSpec());
  });

  it('names invalid fields by their paths', async () => {
    const root = temporaryFolder();
    const layers = [{ type: 'recurrent', cell: 'gru', units: 0 }];
    const folder = writeModel(root, 'tiny', 1, { spec: classifier({ network: { layers }, surprise: 1 }) });
    const reading = readSpec(root, folder);
    await expect(reading).rejects.toMatchObject({ code: 'invalid_model', field: 'network.layers.0.units' });
    await expect(reading).rejects.toThrow(/model\.json: network\.layers\.0\.units: .*surprise/);
  });

  it('lists only the first errors of many', async () => {
    const root = temporaryFolder();
    const tokens = Array.from({ length: 1000 }, () => 1);
    const inputs = { kind: 'text', vocabulary: 'characters', tokens };
    const folder = writeModel(root, 'tiny', 1, { spec: classifier({ inputs }) });
    await expect(readSpec(root, folder)).rejects.toThrow('and 995 more');
  });

  it.each([
    ['a file that is not JSON', '{"schema": 1,'],
    ['invalid UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['an empty file', ''],
  ])('refuses %s', async (_, content) => {
    const root = temporaryFolder();
    const folder = writeModel(root, 'tiny', 1);
    writeFileSync(join(folder, 'model.json'), content);
    await expect(readSpec(root, folder)).rejects.toThrow('model.json is not JSON');
  });

  it('names a Git LFS pointer in place of model.json or of the weights', async () => {
    const root = temporaryFolder();
    const folder = writeModel(root, 'tiny', 1);
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 9\n';
    writeFileSync(join(folder, 'weights.safetensors'), pointer);
    const { weights } = getSequence(await readModelFolder(root, folder, 'tiny'));
    await expect(weights()).rejects.toThrow(
      'the file is a Git LFS pointer, not the file itself: run git lfs pull',
    );
    writeFileSync(join(folder, 'model.json'), pointer);
    await expect(readSpec(root, folder)).rejects.toThrow('model.json is a Git LFS pointer');
  });

  it('refuses 100 MB by its size', async () => {
    const root = temporaryFolder();
    const folder = writeModel(root, 'tiny', 1);
    truncateSync(join(folder, 'model.json'), 100e6);
    await expect(readSpec(root, folder)).rejects.toMatchObject({
      code: 'invalid_model',
      message: 'model.json has 100000000 bytes, the limit is 16777216',
    });
  });

  it('reports a missing model.json', async () => {
    const root = temporaryFolder();
    const folder = writeModel(root, 'tiny', 1);
    rmSync(join(folder, 'model.json'));
    await expect(readSpec(root, folder)).rejects.toThrow('model.json is missing');
  });
});

describe('a file with a graph that runs on no sequences', () => {
  const graph = join(import.meta.dirname, '../golden/onnx-signatures/attention-decoder.onnx');
  const read = (spec: object | null) => {
    const root = temporaryFolder();
    const folder = join(root, 'tiny', '1');
    mkdirSync(folder, { recursive: true });
    copyFileSync(graph, join(folder, 'decoder.onnx'));
    if (spec) writeFileSync(join(folder, 'model.json'), JSON.stringify(spec));
    return readModelFolder(root, folder, 'tiny');
  };
  const weights = { file: 'decoder.onnx' };

  it('is read with its signature, and why it does not', async () => {
    for (const spec of [null, { weights, description: 'decodes' }]) {
      const { sequence, graph: signed } = await read(spec);
      expect(sequence).toMatch(/"token", "memory", which are not certain to be states or lengths/);
      expect(signed!.signature.inputs.map(({ name }) => name)).toEqual(['token', 'state', 'memory']);
    }
  });

  it('is refused where its model.json asks for sequences', async () => {
    await expect(read({ weights, task: 'predict' })).rejects.toThrow(
      'which are not certain to be states or lengths',
    );
    await expect(read({ weights, graph: { input: 'memory' } })).rejects.toMatchObject({
      code: 'invalid_model',
    });
  });
});

describe('weights', () => {
  const readWith = async (change: (file: string) => void): Promise<unknown> => {
    const root = temporaryFolder();
    const folder = writeModel(root, 'tiny', 1);
    change(join(folder, 'weights.safetensors'));
    return readModelFolder(root, folder, 'tiny').then((folder) => getSequence(folder).weights());
  };

  it('reads the tensors', async () => {
    expect(await readWith(() => {})).toEqual(classifierWeights());
  });

  it.each<[what: string, change: (file: string) => void, says: string]>([
    ['missing weights', (file) => rmSync(file), 'weights.safetensors is missing'],
    ['truncated weights', (file) => truncateSync(file, 700), 'data'],
    ['weights truncated in the header', (file) => truncateSync(file, 100), 'the whole file 100'],
    ['3 GB of weights', (file) => truncateSync(file, 3e9), 'has 3000000000 bytes, the limit is 2147483648'],
    [
      'a header with a length of 2⁶³ bytes',
      (file) => writeFileSync(file, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 123, 125)),
      'the header has 9223372036854775808 bytes',
    ],
    [
      'weights of another network',
      (file) => writeFileSync(file, writeSafetensors(new Map())),
      'layer letters: tensor letters.weight [3, 2] is missing',
    ],
  ])('refuses %s', async (_, change, says) => {
    const reading = readWith(change);
    await expect(reading).rejects.toThrow(says);
    await expect(reading).rejects.toMatchObject({ code: 'invalid_weights' });
  });
});
