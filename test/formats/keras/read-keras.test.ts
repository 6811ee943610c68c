import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { expectAnswer, type Answer } from '../expect-answer.ts';

// Models as Keras 3.15 saves them, its own format and HDF5 (golden/make-keras-files.py).

const folder = join(import.meta.dirname, '../../golden/keras-files');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<string, Answer>;
const converted = async (file: string) =>
  (await readImportedFile(readFileSync(join(folder, file)))).network();
const files = [
  ...Object.keys(answers).map((name) => `${name}.keras`),
  ...['classifier', 'tagger', 'gru-before', 'gru-after', 'two-branches', 'hard-sigmoid'].map(
    (name) => `${name}.h5`,
  ),
];

describe('a Keras model', () => {
  it.each(files)('%s matches Keras', async (file) => {
    expectAnswer(await converted(file), answers[file.replace(/\..*/, '')]!);
  });

  it('notes what was decided', async () => {
    const { notes } = await converted('classifier.keras');
    expect(notes[0]).toBe('written by Keras 3.15.1');
    expect(notes.join('\n')).toContain('steps of 0 are masked: they are left out');
  });

  it('of Keras 3 has a hard_sigmoid with slope ⅙', async () => {
    const { network } = await converted('hard-sigmoid.keras');
    expect(network.layers[0]).toMatchObject({
      activations: { gate: { type: 'hard_sigmoid', alpha: 1 / 6, beta: 0.5 } },
    });
  });

  it.each([
    [
      'conv.keras',
      'Transpose 2×, Conv, LSTM, Squeeze',
      /Conv "conv1d\..*": it has other rows than the steps/,
    ],
    ['backwards-sequences.keras', 'LSTM, Squeeze, Slice', /Slice .*: it skips or turns steps/],
    ['repeat.keras', 'LSTM 2×, Squeeze 2×, Unsqueeze, Tile', /"repeat_vector\./],
  ])('%s becomes an operator graph, with the reason', async (file, operators, because) => {
    const { network, notes } = await converted(file);
    expect(network.layers.map(({ type }) => type)).toEqual(['operator_graph']);
    expect(notes.join('\n')).toContain(`once per sequence: ${operators}`);
    expect(notes.at(-1)).toMatch(because);
  });
});
