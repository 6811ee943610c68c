import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRng } from '../../src/random.ts';
import { encodeModel } from './model.ts';
import { runInOnnxruntime } from './operators/check-case.ts';
import { draftGraph, type GraphCase, type GraphDraft } from './operators/draw-graph.ts';
import * as doubles from './operators/doubles.ts';
import * as fused from './operators/fused.ts';
import * as indexed from './operators/indexed.ts';
import { olderForms } from './operators/opsets.ts';
import * as plain from './operators/plain.ts';
import * as quantised from './operators/quantised.ts';

// Writes graphs of onnx-cases with onnxruntime's answers to test/golden/onnx-operators.json, one of each name.
// usage: node onnx/make-operator-answers.ts

const path = join(import.meta.dirname, '../../test/golden/onnx-operators.json');
const datatypes: Readonly<Record<string, string>> = {
  float32: 'FP32',
  float64: 'FP64',
  bool: 'BOOL',
  ...Object.fromEntries(
    ['int8', 'uint8', 'int16', 'uint16', 'int32', 'int64'].map((type) => [type, type.toUpperCase()]),
  ),
};
const mostNames = 12;
const tensor = (name: string, type: string, shape: readonly number[], data: readonly number[]) => ({
  name,
  datatype: datatypes[type],
  shape,
  data,
});

const answers: Record<string, unknown> = {};

async function write(one: GraphCase, name: string): Promise<void> {
  const file = encodeModel(one.graph);
  const outputs = await runInOnnxruntime(file, one);
  answers[name] = {
    model: Buffer.from(file).toString('base64'),
    inputs: Object.entries(one.feeds).map(([input, { type, shape, values }]) =>
      tensor(input, type, shape, values),
    ),
    outputs: one.graph.outputs.map((output) => {
      const { type, dims, data } = outputs[output.name]!;
      return tensor(output.name, type, dims, Array.from(data as ArrayLike<number | bigint>, Number));
    }),
  };
}

async function writeFamily(draw: (g: GraphDraft) => GraphCase, seeds: number, most: number): Promise<void> {
  const seen = new Set<string>();
  for (let seed = 0; seed < seeds && seen.size < most; seed++) {
    const one = draw(draftGraph(createRng(seed, 12)));
    const name = one.name.trim();
    if (seen.has(name)) continue;
    seen.add(name);
    await write(one, name);
  }
}
for (const draw of Object.values({ ...quantised, ...fused, ...plain, ...doubles, ...indexed }))
  await writeFamily(draw, 80, mostNames);
await writeFamily(olderForms, 80, 40);
writeFileSync(path, `${JSON.stringify(answers)}\n`);
