import { InferenceSession, Tensor } from 'onnxruntime-node';
import { createKernel } from '../../../src/cells/create-kernel.ts';
import { placeGraph } from '../../../src/engine/place-graph.ts';
import { freePlacement } from '../../../src/engine/placement.ts';
import { onnxToSignedGraph } from '../../../src/formats/onnx/onnx-to-signed-graph.ts';
import { readOnnx } from '../../../src/formats/onnx/read-onnx.ts';
import { foldSignedGraph } from '../../../src/formats/operators/fold-signed-graph.ts';
import {
  createGraphEvaluator,
  type TensorValues,
} from '../../../src/network/signed-graph/graph-evaluator.ts';
import type { Operand } from '../../../src/operators/operand.ts';
import { operandKind, type SignedGraph } from '../../../src/operators/signature.ts';
import { runGraph } from '../../../test/operators/run-graph.ts';
import { encodeModel } from '../model.ts';
import type { Feed, GraphCase } from './draw-graph.ts';

/** By how much doubles must be nearer than floats. */
const doubleFactor = 2 ** 29;
const kernel = createKernel({ mode: 'auto', memoryMegabytes: 256 });

/** What onnxruntime computes of a case, by output. */
export async function runInOnnxruntime(
  file: Uint8Array,
  { feeds }: GraphCase,
): Promise<Record<string, Tensor>> {
  // as the file says: an optimised graph may round elsewhere
  const session = await InferenceSession.create(file, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  return session.run(
    Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toTensor(feed)])),
  ) as Promise<Record<string, Tensor>>;
}

/** The distance to onnxruntime, relative to 1 or the number; infinite where shapes differ. */
export async function checkCase(one: GraphCase): Promise<number> {
  const file = encodeModel(one.graph);
  const expected = await runInOnnxruntime(file, one);
  const graph = onnxToSignedGraph(readOnnx(file));
  const { inputs, outputs } = graph.signature;
  const given = inputs.map(({ name, datatype }): Operand => {
    const { shape, values } = one.feeds[name]!;
    const kind = operandKind(datatype);
    // shapes of a few operators depend on values
    return { kind, shape, values: Float64Array.from(values), known: true };
  });
  const values = new Map([
    ...graph.constants,
    ...given.map((operand, i) => [inputs[i]!.value, operand] as const),
  ]);
  const body = { operators: graph.operators, outputs: outputs.map(({ value }) => value) };
  return Math.max(
    ...[runGraph(body, values, Float64Array), evaluate(graph, given)].flatMap((actual) =>
      outputs.map(({ name }, i) => distance(expected[name]!, actual[i]!)),
    ),
  );
}

/** The outputs by the emitted kernel, as they are served. */
function evaluate(graph: SignedGraph, given: readonly TensorValues[]): TensorValues[] {
  const placement = placeGraph(foldSignedGraph(graph), { kernel, workers: 1 });
  const evaluator = createGraphEvaluator(
    placement.compiled,
    kernel.memory.memory,
    placement.arenas[0]!.offset,
    () => 0,
  );
  const indexes = graph.signature.outputs.map((_, i) => i);
  const evaluation = evaluator.start(given, indexes, 2 ** 24);
  while (!evaluation.advance(0));
  const outputs = evaluation.outputs(indexes);
  freePlacement(placement, kernel);
  return outputs;
}

const toTensor = ({ type, shape, values }: Feed): Tensor => {
  const data =
    type === 'int64'
      ? BigInt64Array.from(values, BigInt)
      : type === 'bool'
        ? Uint8Array.from(values)
        : values;
  return new Tensor(type as 'float32', data as number[], shape);
};

function distance(expected: Tensor, { shape, values }: TensorValues): number {
  if (shape.join() !== expected.dims.join()) return Infinity;
  const wanted = Array.from(expected.data as ArrayLike<number | bigint>, Number);
  return Math.max(
    0,
    ...wanted.map((value, i) => {
      const seen = values[i]!;
      if (Object.is(seen, value) || seen === value) return 0;
      const own = Math.abs(seen - value) / Math.max(1, Math.abs(value));
      // integers must be exact, and NaN is no small distance
      if (Number.isNaN(own) || !expected.type.startsWith('float')) return Infinity;
      // doubles have to be doubles
      return expected.type === 'float64' ? own * doubleFactor : own;
    }),
  );
}
