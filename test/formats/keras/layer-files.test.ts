import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { evaluate, readGraph, serveGraph } from '../../open-inference/served-graph.ts';

// Transposed convolutions, EinsumDense and GroupNormalization, as Keras 3.15 saves them
// (golden/make-keras-layer-files.py).

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}
const folder = join(import.meta.dirname, '../../golden/keras-layer-files');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<
  string,
  { x: Numbers; y: Numbers }
>;
const files = readdirSync(folder).filter((file) => /\.(keras|h5)$/.test(file));

describe('a Keras layer', () => {
  it.each(files)('of %s gives Keras’ numbers', async (file) => {
    const { x, y } = answers[file.replace(/\.\w+$/, '')]!;
    const graph = await readGraph(`keras-layer-files/${file}`);
    const { name } = graph.signature.inputs[0]!;
    const input = { name, datatype: 'FP32' as const, shape: x.shape, values: x.data };
    const [output] = await evaluate(await serveGraph(graph), [input]);
    expect(output!.shape).toEqual(y.shape);
    y.data.forEach((value, i) => expect(Number(output!.values[i]) - value).toBeCloseTo(0, 5));
  });

  it('that is an EinsumDense of rows becomes a dense layer', async () => {
    const { network } = (await readImportedFile(readFileSync(join(folder, 'einsum-rows.keras')))).network();
    expect(network.layers.map(({ type }) => type)).toEqual(['dense', 'recurrent', 'pool']);
  });
});
