import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { evaluate, readGraph, serveGraph } from '../../open-inference/served-graph.ts';
import { expectAnswer, type Answer } from '../expect-answer.ts';

// Functional models with operations of keras.ops, and of other types than float32, as Keras 3.15 saves them
// (golden/make-keras-operation-files.py).

const folder = join(import.meta.dirname, '../../golden/keras-operation-files');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<string, Answer>;
const read = async (file: string) => (await readImportedFile(readFileSync(join(folder, file)))).network();
const files = readdirSync(folder).filter((file) => /\.(keras|h5)$/.test(file));
const isOfFloat32 = (file: string): boolean => !file.startsWith('float');

describe('a functional model with operations', () => {
  it.each(files.filter(isOfFloat32))('%s matches Keras', async (file) => {
    expectAnswer(await read(file), answers[file.replace(/\..*/, '')]!);
  });
});

describe('a model of other types than float32', () => {
  it.each(['float64.keras', 'float64.h5'])('%s serves sequences with Keras’ numbers', async (file) => {
    expectAnswer(await read(file), answers['float64']!);
  });

  it.each(['float64.keras', 'float64.h5'])('%s is noted to be computed in float32', async (file) => {
    const { notes } = await read(file);
    expect(notes.join('\n')).toContain('layers compute in float64 in Keras, and in float32 here');
  });

  it.each(['float16.keras', 'float16.h5'])('%s is refused, with how it can be converted', async (file) => {
    await expect(read(file)).rejects.toMatchObject({
      code: 'invalid_model',
      message: expect.stringMatching(/it computes in float16, .* dtype_policy to "float32"/) as unknown,
    });
  });

  it.each([
    ['float64', 'FP32', 'FP64', 1e-6],
    ['float64-input', 'FP64', 'FP64', 1e-6],
  ] as const)('%s keeps its datatypes over tensors, within %s', async (name, given, taken, most) => {
    const { x, y } = answers[name]!;
    for (const ending of ['keras', 'h5']) {
      const graph = await readGraph(`keras-operation-files/${name}.${ending}`);
      const input = {
        name: graph.signature.inputs[0]!.name,
        datatype: given,
        shape: [1, 6, 3],
        values: x.flat(),
      };
      const [output] = await evaluate(await serveGraph(graph), [input]);
      expect(output).toMatchObject({ datatype: taken, shape: [1, 6, 2] });
      y.flat().forEach((value, i) => expect(Math.abs(Number(output!.values[i]) - value)).toBeLessThan(most));
    }
  });
});
