import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertModel } from '../../../src/formats/keras/convert-model.ts';
import { kerasToSignedGraph } from '../../../src/formats/keras/keras-to-signed-graph.ts';
import { readTfjs } from '../../../src/formats/tfjs/read-tfjs.ts';
import { createFolderFiles } from '../../../src/repository/folder-files.ts';
import { evaluateGraph, flatten, getShape, type Nested } from '../keras/evaluate-graph.ts';

// Models of several inputs and outputs with shared layers, states and masks, as TensorFlow.js 4.22 saves them and
// runs batches of three sequences (golden/make-tfjs-graphs.mjs).

const folder = join(import.meta.dirname, '../../golden/tfjs-graphs');
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<
  string,
  { inputs: Nested[]; names: string[]; outputs: Nested[] }
>;

describe('the graph of a TensorFlow.js model', () => {
  it.each(Object.entries(answers))('%s has its inputs, outputs and numbers', async (name, expected) => {
    const json: unknown = JSON.parse(readFileSync(join(folder, name, 'model.json'), 'utf8'));
    const { model } = await readTfjs(json, createFolderFiles(join(folder, name), 1e6));
    const graph = kerasToSignedGraph(convertModel(model!));
    // TensorFlow.js names all outputs of a layer alike, Keras numbers them
    const names = expected.names.map((one, i) => {
      const before = expected.names.slice(0, i).filter((other) => other === one).length;
      return before === 0 ? one : `${one}_${before}`;
    });
    expect(graph.signature.outputs.map((one) => one.name)).toEqual(names);
    const outputs = evaluateGraph(graph, expected.inputs);
    expect(outputs.map(({ shape }) => shape)).toEqual(expected.outputs.map(getShape));
    outputs.forEach(({ values }, i) => {
      const wanted = flatten(expected.outputs[i]!);
      values.forEach((value, k) => expect(Math.abs(value - wanted[k]!)).toBeLessThan(2e-6));
    });
  });
});
