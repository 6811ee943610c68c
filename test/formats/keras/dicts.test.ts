import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  evaluate,
  readGraph,
  serveGraph,
  toWire,
  type GoldenTensor,
} from '../../open-inference/served-graph.ts';

// Functional models whose inputs and outputs are dicts, as Keras 3.15 saves them (golden/make-keras-dict-files.py).

const folder = join(import.meta.dirname, '../../golden/keras-dict-files');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<
  string,
  { inputs: GoldenTensor[]; outputs: GoldenTensor[] }
>;
const files = readdirSync(folder).filter((file) => /\.(keras|h5)$/.test(file));

describe('a model of dicts', () => {
  it.each(files)('%s has the keys as names, and Keras’ numbers under each', async (file) => {
    const { inputs, outputs } = answers[file.replace(/\..*/, '')]!;
    const graph = await readGraph(`keras-dict-files/${file}`);
    expect(graph.signature.inputs.map(({ name }) => name).toSorted()).toEqual(
      inputs.map(({ name }) => name).toSorted(),
    );
    const found = new Map(
      (await evaluate(await serveGraph(graph), inputs.map(toWire))).map((one) => [one.name, one]),
    );
    expect([...found.keys()].toSorted()).toEqual(outputs.map(({ name }) => name).toSorted());
    for (const { name, shape, data } of outputs) {
      const { shape: ours, values } = found.get(name)!;
      expect(ours).toEqual(shape);
      data.forEach((value, i) => expect(Number(values[i]) - value).toBeCloseTo(0, 5));
    }
  });
});
