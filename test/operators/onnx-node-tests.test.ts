import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { UnrollError } from '../../src/errors.ts';
import { expandOperator } from '../../src/formats/onnx/expand-operator.ts';
import { upgradeOperators } from '../../src/formats/onnx/upgrade-operators.ts';
import { readOnnx } from '../../src/formats/onnx/read-onnx.ts';
import { parseTensor, type OnnxTensor } from '../../src/formats/onnx/read-tensor.ts';
import { operatorNames } from '../../src/operators/operator-table.ts';
import type { Operand } from '../../src/operators/operand.ts';
import { describeWhere } from '../support/needs.ts';
import { runGraph } from './run-graph.ts';

// ONNX's own tests of single operators, from Debian's libonnx-testdata: all tests whose operators are
// supported.

const folder = process.env['UNROLL_ONNX_TESTS'] ?? '/usr/share/libonnx-testdata/data/node';
const isInstalled = existsSync(join(folder, 'test_lstm_defaults/model.onnx'));
const missing = `ONNX's node tests are not in ${folder} (UNROLL_ONNX_TESTS; Debian: libonnx-testdata)`;

/** Tests of unsupported features, with the reason. */
const unsupported: readonly (readonly [RegExp, string])[] = [
  [/castlike_.*_to_FLOAT16/, 'kinds of floats are one: only Cast names the bits'],
  [/BFLOAT16/, 'the numbers are stored as uint16, and truncated where onnxruntime rounds them'],
  [/STRING/, 'string tensors are not supported'],
  [/batchnorm_.*_training_mode|test_training_dropout/, 'training mode is not supported'],
  [
    /identity_(opt|sequence)|if_(opt|seq)|loop13_seq|loop16_seq_none/,
    'sequences of tensors are not supported',
  ],
  [/maxpool_with_argmax/, 'the indices of MaxPool are not supported'],
  [/scan_sum/, 'the Scan of opset 8 is another operator'],
  [
    /resize_downsample_scales_(linear|cubic)_align_corners/,
    'expected values are of lengths with a fraction; onnxruntime has whole ones, as here',
  ],
];
const names = isInstalled
  ? readdirSync(folder).filter((name) => !unsupported.some(([pattern]) => pattern.test(name)))
  : [];
const toOperand = ({ kind, shape, values, whole }: OnnxTensor, known: boolean): Operand => ({
  kind,
  shape,
  values: kind === 'float' ? values : (whole ?? Float64Array.from(values)),
  known,
});
const readTensor = (path: string): OnnxTensor => parseTensor(readFileSync(path), new Map(), () => {}).tensor;

const models = names.flatMap((name) => {
  try {
    const model = readOnnx(readFileSync(join(folder, name, 'model.onnx')));
    const named = model.nodes.every(
      (node) => node.op === 'Constant' || operatorNames.has(node.op) || expandOperator(node, model.opset),
    );
    return named ? [{ name, model }] : [];
  } catch (error) {
    if (error instanceof UnrollError) return [];
    throw error;
  }
});

describeWhere(isInstalled, missing, 'an operator matches ONNX’s test data', () => {
  it.each(models)('$name', ({ name, model }) => {
    const graph = upgradeOperators(model);
    const sets = join(folder, name, 'test_data_set_0');
    const given = (kind: 'input' | 'output', i: number): OnnxTensor =>
      readTensor(join(sets, `${kind}_${i}.pb`));
    const values = new Map(graph.constants);
    // inputs are passed as constants, since shapes depend on some of them
    model.inputs.forEach((input, i) =>
      values.set(graph.named.get(input.name)!, toOperand(given('input', i), true)),
    );
    const outputs = runGraph(graph, values);
    // the window functions use π to five digits, the expected values the full π
    const tolerance = /window/.test(name) ? 1e-4 : 1e-5;
    model.outputs.forEach((_, i) => {
      const expected = toOperand(given('output', i), true);
      expect(outputs[i]!.shape).toEqual(expected.shape);
      expected.values.forEach((value, k) => {
        const seen = outputs[i]!.values[k]!;
        if (Number.isNaN(value) || Math.abs(value) === Infinity) expect(seen).toBe(value);
        else expect(Math.abs(seen - value)).toBeLessThanOrEqual(tolerance * (1 + Math.abs(value)));
      });
    });
  });
});
