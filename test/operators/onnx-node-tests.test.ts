import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { programOperators } from '../../src/formats/onnx/upgrade-operators.ts';
import { readOnnx, tensorOf, type OnnxTensor } from '../../src/formats/onnx/read-onnx.ts';
import { operatorNames } from '../../src/operators/operator-table.ts';
import type { Operand } from '../../src/operators/operand.ts';
import { runGraph } from './run-graph.ts';

// ONNX's own tests of single operators, as Debian's libonnx-testdata has them: every one whose operators we have.

const folder = process.env['UNROLL_ONNX_TESTS'] ?? '/usr/share/libonnx-testdata/data/node';
const there = existsSync(folder);
if (!there) console.log(`ONNX's node tests are not here (UNROLL_ONNX_TESTS, ${folder}): they are not run`);

/** Tests of what we say we do not have, with the reason. */
const left: readonly (readonly [RegExp, string])[] = [
  [/FLOAT16/, 'numbers are float32 here, a cast to fewer bits rounds nothing'],
  [/STRING/, 'there are no texts in a graph here'],
  [/batchnorm_.*_training_mode|test_training_dropout/, 'graphs are served, not trained'],
  [
    /identity_(opt|sequence)|if_(opt|seq)|loop13_seq|loop16_seq_none/,
    'there are tensors here, no lists of them',
  ],
  [/maxpool_with_argmax/, 'MaxPool tells the largest number, not where it stood'],
  [/scan_sum/, 'the Scan of opset 8 is another operator'],
];
const names = there
  ? readdirSync(folder).filter((name) => !left.some(([pattern]) => pattern.test(name)))
  : [];
const operandOf = ({ kind, shape, values, whole }: OnnxTensor, known: boolean): Operand => ({
  kind,
  shape,
  values: kind === 'float' ? values : (whole ?? Float64Array.from(values)),
  known,
});
const tensorIn = (path: string): OnnxTensor => tensorOf(readFileSync(path), new Map(), () => {}).tensor;

const models = names.flatMap((name) => {
  try {
    const model = readOnnx(readFileSync(join(folder, name, 'model.onnx')));
    return model.nodes.every(({ op }) => op === 'Constant' || operatorNames.has(op)) ? [{ name, model }] : [];
  } catch (error) {
    if (error instanceof UnrollError) return [];
    throw error;
  }
});

describe.runIf(there)('an operator gives the outputs of ONNX’s node tests', () => {
  it.each(models)('$name', ({ name, model }) => {
    const graph = programOperators(model);
    const sets = join(folder, name, 'test_data_set_0');
    const given = (kind: 'input' | 'output', i: number): OnnxTensor =>
      tensorIn(join(sets, `${kind}_${i}.pb`));
    const values = new Map(graph.constants);
    // shapes depend on some inputs: those are what a file has as constants
    model.inputs.forEach((input, i) =>
      values.set(graph.named.get(input.name)!, operandOf(given('input', i), true)),
    );
    const outputs = runGraph(graph, values);
    // the window functions are written with π to five digits, their answers with all of them
    const most = /window/.test(name) ? 1e-4 : 1e-5;
    model.outputs.forEach((_, i) => {
      const expected = operandOf(given('output', i), true);
      expect(outputs[i]!.shape).toEqual(expected.shape);
      expected.values.forEach((value, k) => {
        const seen = outputs[i]!.values[k]!;
        if (Number.isNaN(value) || Math.abs(value) === Infinity) expect(seen).toBe(value);
        else expect(Math.abs(seen - value)).toBeLessThanOrEqual(most * (1 + Math.abs(value)));
      });
    });
  });
});
