import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toKeras2 } from '../../../src/formats/keras/keras-1.ts';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { readZip } from '../../../src/formats/zip.ts';
import type { Tensor } from '../../../src/network/weights.ts';
import { readModelFolder } from '../../../src/repository/read-model-folder.ts';
import { createFolderFiles } from '../../../src/repository/folder-files.ts';
import { temporaryFolder } from '../../repository/model-folders.ts';
import { getSequence } from '../../repository/sequence-model.ts';
import { expectAnswer, type Answer } from '../expect-answer.ts';

// Files in the layouts of Keras 1 and 2 (golden/make-old-keras-files.py): other names, weights gate by gate,
// separate weights files.

const folder = join(import.meta.dirname, '../../golden/old-keras-files');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<string, Answer>;
const separateFiles = join(folder, 'weights-and-config');
const read = (name: string) =>
  name === 'weights-and-config'
    ? readImportedFile(readFileSync(join(separateFiles, 'model.json')), {
        externalFiles: createFolderFiles(separateFiles, 1e6),
      })
    : readImportedFile(readFileSync(join(folder, `${name}.h5`)));

describe('a model of Keras 1 or 2', () => {
  it.each([
    ['keras-1-lstm', 'Keras HDF5 1.2.2'],
    ['keras-1-branches', 'Keras HDF5 1'],
    ['keras-1-both-ways', 'Keras HDF5 1.2.2'],
    ['keras-2-cudnn', 'Keras HDF5 2.1.5'],
    ['weights-and-config', 'Keras JSON and HDF5 2.2.4'],
  ])('%s matches its equations', async (name, format) => {
    const file = await read(name);
    expect(file.format).toBe(format);
    expectAnswer(file.network(), answers[name]!);
  });
});

describe('a network and its weights in separate files', () => {
  const versionFolder = (): { root: string; folder: string } => {
    const root = temporaryFolder();
    const version = join(root, 'old', '1');
    mkdirSync(version, { recursive: true });
    cpSync(separateFiles, version, { recursive: true });
    return { root, folder: version };
  };
  const open = ({ root, folder: version }: { root: string; folder: string }) =>
    readModelFolder(root, version, 'old').then(getSequence);

  it('are served when Keras’ own file is called model.json', async () => {
    const { spec, weights } = await open(versionFolder());
    expect(spec).toMatchObject({ name: 'old', task: 'predict' });
    expect(await weights()).toEqual((await read('weights-and-config')).network().weights);
  });

  it('are served when a model.json of ours names the network’s file', async () => {
    const there = versionFolder();
    copyFileSync(join(separateFiles, 'model.json'), join(there.folder, 'network.json'));
    const own = { schema: 1, name: 'old', task: 'predict', weights: { file: 'network.json' } };
    writeFileSync(
      join(there.folder, 'model.json'),
      JSON.stringify({ ...own, outputs: { units: [{ name: 'up' }, { name: 'down' }] } }),
    );
    expect((await open(there)).spec.outputs.units?.map(({ name }) => name)).toEqual(['up', 'down']);
  });

  it('may be an unpacked .keras file', async () => {
    const there = versionFolder();
    const packed = readFileSync(join(import.meta.dirname, '../../golden/keras-files/gru-after.keras'));
    const entries = readZip(packed);
    writeFileSync(join(there.folder, 'model.json'), entries.get('config.json')!);
    writeFileSync(join(there.folder, 'model.h5'), entries.get('model.weights.h5')!);
    const whole = (await readImportedFile(packed)).network();
    expect(await (await open(there)).weights()).toEqual(whole.weights);
  });

  it('are refused without weights, or with several weights files', async () => {
    const there = versionFolder();
    copyFileSync(join(separateFiles, 'model.h5'), join(there.folder, 'other.h5'));
    await expect(open(there)).rejects.toThrow('must have one .h5 or .hdf5 file in its folder, there are 2');
    rmSync(join(there.folder, 'other.h5'));
    rmSync(join(there.folder, 'model.h5'));
    await expect(open(there)).rejects.toThrow('must have one .h5 or .hdf5 file in its folder, there are 0');
    await expect(open(there)).rejects.toMatchObject({ code: 'invalid_weights' });
  });

  it('are refused when the weights do not match the network', async () => {
    const there = versionFolder();
    copyFileSync(join(folder, 'keras-1-lstm.h5'), join(there.folder, 'model.h5'));
    await expect(open(there)).rejects.toThrow(/"lstm_1" \(LSTM\): has 12 weights, must have 3/);
  });
});

describe('a layer of Keras 1', () => {
  const tensor = (...shape: number[]): Tensor => ({ shape, values: new Float32Array(0) });
  const old =
    (className: string, config: object, weights: Tensor[] = []) =>
    () =>
      toKeras2({ className, name: 'one', config: config as Record<string, unknown>, weights });

  it('has Keras 1’s default inner activation', () => {
    expect(old('LSTM', { output_dim: 3 })().config).toMatchObject({
      units: 3,
      recurrent_activation: 'hard_sigmoid',
    });
  });

  it.each([
    ['Merge', { mode: 'cos' }, [], /mode "cos", must be "concat", "sum" or "mul"/],
    ['Merge', { mode: 'concat', layers: [{}, {}] }, [], /merges separate models, which is not supported/],
    ['BatchNormalization', { mode: 1 }, [], /mode 1: moments of the input are not supported/],
    ['Convolution1D', { nb_filter: 2 }, [tensor(2, 3, 4, 1)], /a kernel of \[2, 3, 4, 1\]/],
    ['GRU', {}, Array.from({ length: 9 }, (_, i) => tensor(i, 2)), /its gates have arrays of/],
  ] as const)('is refused: %s with %j', (className, config, weights, says) => {
    expect(old(className, config, [...weights])).toThrow(says);
  });
});
