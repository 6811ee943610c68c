import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel } from './model.ts';
import { runInOnnxruntime } from './operators/check-case.ts';
import type { Feed } from './operators/draw-graph.ts';
import type { RoleCase, Sizes } from './roles/draft.ts';
import { idsAndLengths } from './roles/ids-and-lengths.ts';
import { signals } from './roles/signals.ts';
import { states } from './roles/states.ts';

// Writes models whose inputs have every kind of role, with onnxruntime's answers to their own tensors and to sequences, to
// test/golden/onnx-roles.json. usage: node onnx/make-role-answers.ts

const path = join(import.meta.dirname, '../../test/golden/onnx-roles.json');
const datatypes: Readonly<Record<string, string>> = {
  float32: 'FP32',
  float64: 'FP64',
  bool: 'BOOL',
  ...Object.fromEntries(['uint8', 'int16', 'int32', 'int64'].map((type) => [type, type.toUpperCase()])),
};
/** Calls of a model that is one step. */
const calls = 5;
const steps = 9;

interface Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

const run = async (one: RoleCase, feeds: Record<string, Feed>): Promise<Record<string, Tensor>> => {
  const outputs = await runInOnnxruntime(encodeModel(one.graph), { ...one, feeds });
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, dims, data }]) => [
      name,
      { type, dims, data: Array.from(data as ArrayLike<number | bigint>, Number) },
    ]),
  );
};

/** The rows along an axis, one row without it. */
function toRows({ dims, data }: Omit<Tensor, 'type'>, axis: number | null): number[][] {
  if (axis === null) return [[...data]];
  const after = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const rows = Array.from({ length: dims[axis]! }, (): number[] => []);
  data.forEach((value, i) => rows[Math.floor(i / after) % dims[axis]!]!.push(value));
  return rows;
}

/** A sequence and its answer; a call a step where the model is one. */
async function askSequence(one: RoleCase): Promise<{ x: number[][]; y: number[][] }> {
  const { input, steps: along, output, rows, carry = {}, sizes } = one.view;
  const [x, y]: [number[][], number[][]] = [[], []];
  let carried: Record<string, Feed> = {};
  for (let call = 0; call < (along === null ? calls : 1); call++) {
    const feeds = { ...one.sequence({ B: 1, T: steps, ...sizes }, 5 + call), ...carried };
    const outputs = await run(one, feeds);
    const { shape, values } = feeds[input]!;
    x.push(...toRows({ dims: shape, data: values }, along));
    y.push(...toRows(outputs[output]!, rows));
    carried = Object.fromEntries(
      Object.entries(carry).map(([from, to]) => {
        const { dims, data } = outputs[to]!;
        return [from, { type: feeds[from]!.type, shape: dims, values: data }];
      }),
    );
  }
  return { x, y };
}

async function askTensors(one: RoleCase, sizes: Sizes, seed: number) {
  const feeds = one.any(sizes, seed);
  const outputs = await run(one, feeds);
  return {
    inputs: Object.entries(feeds).map(([name, { type, shape, values }]) => ({
      name,
      datatype: datatypes[type],
      shape,
      data: values,
    })),
    outputs: one.graph.outputs.map(({ name }) => {
      const { type, dims, data } = outputs[name]!;
      return { name, datatype: datatypes[type], shape: dims, data };
    }),
  };
}

const answers: Record<string, unknown> = {};
for (const one of [...idsAndLengths, ...states, ...signals]) {
  if (answers[one.name]) throw new Error(`two of one name: ${one.name}`);
  answers[one.name] = {
    model: Buffer.from(encodeModel(one.graph)).toString('base64'),
    calls: [
      await askTensors(one, { B: 2, T: 5, S: 4 }, 1),
      await askTensors(one, { B: 1, T: 3, S: 6 }, 2),
      await askTensors(one, { B: 3, T: 1, S: 1 }, 3),
    ],
    view: {
      ...(one.view.settings && { settings: one.view.settings }),
      ...(one.view.refused ? { refused: one.view.refused } : await askSequence(one)),
    },
  };
}
writeFileSync(path, `${JSON.stringify(answers)}\n`);
console.log(`${Object.keys(answers).length} models`);
