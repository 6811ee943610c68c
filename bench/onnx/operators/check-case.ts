import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readOnnx } from '../../../src/formats/onnx/read-onnx.ts';
import { upgradeOperators } from '../../../src/formats/onnx/upgrade-operators.ts';
import { findKind } from '../../../src/operators/number-kinds.ts';
import type { Operand } from '../../../src/operators/operand.ts';
import { runGraph } from '../../../test/operators/run-graph.ts';
import { encodeModel } from '../model.ts';
import type { Feed, GraphCase } from './draw-graph.ts';

/** The distance to onnxruntime, relative to 1 or the number; infinite where shapes differ. */
export async function checkCase({ graph, feeds }: GraphCase): Promise<number> {
  const file = encodeModel(graph);
  // as the file says: an optimised graph may round elsewhere
  const session = await InferenceSession.create(file, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  const expected = await session.run(
    Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toTensor(feed)])),
  );
  const model = readOnnx(file);
  const { constants, named, ...body } = upgradeOperators(model);
  return Math.max(
    ...([Float32Array, Float64Array] as const).flatMap((floats) => {
      const values = new Map(constants);
      for (const { name, type } of model.inputs)
        values.set(named.get(name)!, toOperand(feeds[name]!, findKind(type)!, floats));
      const actual = runGraph(body, values, floats);
      return model.outputs.map(({ name }, i) => distance(expected[name]!, actual[i]!));
    }),
  );
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

const toOperand = (
  { shape, values }: Feed,
  kind: Operand['kind'],
  floats: typeof Float32Array | typeof Float64Array,
): Operand => ({
  kind,
  shape,
  values: kind === 'float' ? floats.from(values) : Float64Array.from(values),
  // shapes of a few operators depend on values
  known: true,
});

function distance(expected: Tensor, { kind, shape, values }: Operand): number {
  if (shape.join() !== expected.dims.join()) return Infinity;
  const wanted = Array.from(expected.data as ArrayLike<number | bigint>, Number);
  return Math.max(
    0,
    ...wanted.map((value, i) => {
      const seen = values[i]!;
      if (Object.is(seen, value) || seen === value) return 0;
      const own = Math.abs(seen - value) / Math.max(1, Math.abs(value));
      // integers must be exact, and NaN is no small distance
      return kind !== 'float' || Number.isNaN(own) ? Infinity : own;
    }),
  );
}
