import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { toModelSpec } from '../../src/formats/model-spec-from-imported.ts';
import { readImportedFile } from '../../src/formats/read-imported.ts';
import { inferOnLayers, layerSignature, type LayerModel } from '../../src/open-inference/layer-tensors.ts';
import type { WireTensor } from '../../src/open-inference/tensor.ts';
import type { TaskContext } from '../../src/tasks/context.ts';
import { createModelStatistics } from '../../src/repository/model-statistics.ts';
import { createVocabulary } from '../../src/vocabulary/vocabulary.ts';
import { engine, evaluate, readGraph, serveGraph } from './served-graph.ts';

const limits = {
  maxSteps: 100,
  maxInputs: 10,
  maxTokens: 10,
  maxRequestSteps: 1000,
  maxReplyBytes: 1 << 20,
  timeoutMs: 600_000,
  maxTimeoutMs: 600_000,
};

/** A golden file's layers under its signature, with some of its names changed. */
async function serveLayers(file: string, rename: Readonly<Record<string, string>> = {}): Promise<LayerModel> {
  const imported = await readImportedFile(
    readFileSync(join(import.meta.dirname, '../golden/onnx-files', `${file}.onnx`)),
  );
  const network = imported.network();
  const spec = toModelSpec('model', network);
  const { signature } = await readGraph(`onnx-files/${file}.onnx`);
  const renamed = <T extends { readonly name: string }>(tensors: readonly T[]): T[] =>
    tensors.map((one) => ({ ...one, name: rename[one.name] ?? one.name }));
  return {
    name: 'model',
    version: 1,
    spec,
    vocabulary: spec.inputs.kind === 'text' ? createVocabulary(spec.inputs) : null,
    target: null,
    chain: null,
    network: await engine.load(spec.network, network.weights),
    graph: null,
    lookups: [],
    notes: [],
    weightsHash: '',
    signature: { inputs: renamed(signature.inputs), outputs: renamed(signature.outputs) },
    statistics: createModelStatistics(),
  };
}
const infer = (model: LayerModel, inputs: readonly WireTensor[], outputs?: readonly { name: string }[]) =>
  inferOnLayers(
    { engine, limits } as unknown as TaskContext,
    { model, signal: new AbortController().signal },
    { inputs, outputs, binary: false },
  );
const ids = (name: string, shape: number[], values: number[]): WireTensor => ({
  name,
  datatype: 'INT64',
  shape,
  values,
});

it('list the file’s tensors, and as optional what they add under names that the file does not have', async () => {
  expect(layerSignature(await serveLayers('tagger-lstm-16'))).toMatchObject({
    inputs: [{ name: 'x', datatype: 'INT64', shape: [-1, -1] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, -1, 3] }],
    optional: [
      { name: 'lengths', datatype: 'INT64', shape: [-1] },
      { name: 'text', datatype: 'BYTES', shape: [-1] },
    ],
  });
  const taken = await serveLayers('tagger-lstm-16', { x: 'lengths', y: 'text' });
  expect(layerSignature(taken)).toMatchObject({
    inputs: [{ name: 'lengths' }],
    outputs: [{ name: 'text' }],
    optional: [{ name: 'unroll.lengths' }, { name: 'unroll.text' }],
  });
  const answers = await infer(taken, [
    ids('lengths', [2, 2], [1, 2, 3, 0]),
    ids('unroll.lengths', [2], [2, 1]),
  ]);
  expect(answers).toMatchObject([{ name: 'text', shape: [2, 2, 3] }]);
});

it('have the numbers of the file’s graph', async () => {
  for (const [file, shape] of [
    ['ends-16', [3, 5, 3]],
    ['mean-16', [2, 4, 3]],
  ] as const) {
    const x: WireTensor = {
      name: 'x',
      datatype: 'FP32',
      shape,
      values: Array.from({ length: shape[0] * shape[1] * 3 }, (_, i) => Math.fround(Math.sin(i * 7))),
    };
    const [found] = await infer(await serveLayers(file), [x]);
    const [expected] = await evaluate(await serveGraph(await readGraph(`onnx-files/${file}.onnx`)), [x]);
    expect({ ...found, values: [] }).toEqual({ ...expected, values: [] });
    const values = found!.values as Float32Array;
    const worst = (expected!.values as Float32Array).map((value, i) => Math.abs(value - values[i]!));
    expect(Math.max(...worst)).toBeLessThan(1e-5);
  }
});

it('take ragged batches and texts, and answer an empty batch', async () => {
  const model = await serveLayers('tagger-gru-16');
  const [alone] = await infer(model, [ids('x', [1, 2], [4, 1])]);
  const [ragged] = await infer(model, [ids('x', [2, 3], [1, 2, 3, 4, 1, 0]), ids('lengths', [2], [3, 2])]);
  expect([...(ragged!.values as Float32Array).subarray(9, 15)]).toEqual([...alone!.values]);
  const [text] = await infer(model, [{ name: 'text', datatype: 'BYTES', shape: [1], values: ['4 1'] }]);
  expect(text).toEqual(alone);
  expect(await infer(model, [ids('x', [0, 3], [])])).toEqual([
    { name: 'y', datatype: 'FP32', shape: [0, 3, 3], values: new Float32Array(0) },
  ]);
});

it('are refused under any other name, datatype or shape', async () => {
  const model = await serveLayers('tagger-gru-16');
  await expect(infer(model, [ids('ids', [1, 1], [1])])).rejects.toThrow(
    'inputs[0].name: must be one of x, lengths, text, was "ids"',
  );
  await expect(infer(model, [{ ...ids('x', [1, 1], [1]), datatype: 'INT32' }])).rejects.toThrow(
    'inputs.x.datatype: must be INT64, was INT32',
  );
  await expect(infer(model, [ids('x', [2], [1, 1])])).rejects.toThrow(
    'inputs.x.shape: must be [-1, -1], was [2]',
  );
  await expect(infer(model, [ids('lengths', [1], [1])])).rejects.toThrow('inputs: x is missing');
  await expect(infer(model, [ids('x', [1, 1], [1])], [{ name: 'lengths' }])).rejects.toThrow(
    'outputs[0].name: must be one of y, was "lengths"',
  );
});
