import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foldSignedGraph } from '../../src/formats/operators/fold-signed-graph.ts';
import { onnxToSignedGraph } from '../../src/formats/onnx/onnx-to-signed-graph.ts';
import { readOnnx } from '../../src/formats/onnx/read-onnx.ts';
import type { Operand } from '../../src/operators/operand.ts';
import { operandKind } from '../../src/operators/signature.ts';
import { runGraph } from '../operators/run-graph.ts';
import { evaluate, serveGraph, toWire, type GoldenTensor } from './served-graph.ts';

// Random graphs of quantised and fused operators, local functions, Einsum, Resize, and of operators in the form
// of older opsets, with onnxruntime's answers (bench/onnx/make-operator-answers.ts).

interface Answer {
  /** Base64. */
  readonly model: string;
  readonly inputs: readonly GoldenTensor[];
  readonly outputs: readonly GoldenTensor[];
}
const answers = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/onnx-operators.json'), 'utf8'),
) as Record<string, Answer>;

/** Floats relative to their size, at least 1, doubles to more digits; integers are exact. */
function expectNumbers(values: ArrayLike<number>, { name, datatype, data }: GoldenTensor): void {
  expect(values, name).toHaveLength(data.length);
  const most = { FP32: 1e-5, FP64: 1e-14 }[datatype as string] ?? 0;
  data.forEach((value, i) =>
    expect(Math.abs(values[i]! - value), `${name} ${i}`).toBeLessThanOrEqual(
      most * Math.max(1, Math.abs(value)),
    ),
  );
}

describe.each(Object.entries(answers))('%s', (_, { model, inputs, outputs }) => {
  const graph = onnxToSignedGraph(readOnnx(Buffer.from(model, 'base64')));

  it('has onnxruntime’s datatypes, shapes and numbers as it is served', async () => {
    const served = await evaluate(await serveGraph(foldSignedGraph(graph)), inputs.map(toWire));
    outputs.forEach((expected, i) => {
      const { name, datatype, shape, values } = served[i]!;
      expect({ name, datatype, shape }).toEqual({
        name: expected.name,
        datatype: expected.datatype,
        shape: expected.shape,
      });
      expectNumbers(values as ArrayLike<number>, expected);
    });
  });

  it('has onnxruntime’s numbers in float64', () => {
    const { signature, operators, constants } = graph;
    const given = signature.inputs.map(({ name, value, datatype }): [string, Operand] => {
      const { shape, data } = inputs.find((one) => one.name === name)!;
      return [value, { kind: operandKind(datatype), shape, values: Float64Array.from(data), known: true }];
    });
    const body = { operators, outputs: signature.outputs.map(({ value }) => value) };
    const computed = runGraph(body, new Map([...constants, ...given]), Float64Array);
    outputs.forEach((expected, i) => expectNumbers(computed[i]!.values, expected));
  });
});
