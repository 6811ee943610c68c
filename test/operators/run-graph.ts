import type { BodySpec } from '../../src/operators/spec.ts';
import type { Operand } from '../../src/operators/operand.ts';
import { prepareBody } from '../../src/operators/prepare-operator.ts';
import { referenceSweeps } from '../../src/operators/reference-graph.ts';

/** Operators on the numbers given, without the kernel. @returns the values asked for */
export function runGraph(
  body: Omit<BodySpec, 'inputs'>,
  values: ReadonlyMap<string, Operand>,
  floats: typeof Float32Array | typeof Float64Array = Float32Array,
): readonly Operand[] {
  const context = {
    floats,
    usage: { elements: 0, work: 0 },
    product: () => null,
    sweeps: referenceSweeps,
  };
  const { outputs, run } = prepareBody({ ...body, inputs: [] }, [], (name) => values.get(name), context);
  run();
  return outputs;
}
