import type { BodySpec } from '../../../src/network/program-spec.ts';
import type { Operand } from '../../../src/network/operators/operand.ts';
import { prepareBody } from '../../../src/network/operators/prepare.ts';
import { referenceSweeps } from '../../../src/network/operators/reference-program.ts';

/** Operators on the numbers given, without the kernel. @returns the values asked for */
export function runGraph(
  body: Omit<BodySpec, 'inputs'>,
  values: ReadonlyMap<string, Operand>,
  floats: typeof Float32Array | typeof Float64Array = Float32Array,
): readonly Operand[] {
  const context = {
    floats,
    taken: { elements: 0, work: 0 },
    product: () => null,
    sweeps: referenceSweeps,
  };
  const { outputs, run } = prepareBody({ ...body, inputs: [] }, [], (name) => values.get(name), context);
  run();
  return outputs;
}
