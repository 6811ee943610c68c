import { createOperand, type Operand } from '../../../src/operators/operand.ts';
import { prepareBody } from '../../../src/operators/prepare-operator.ts';
import { referenceSweeps } from '../../../src/operators/reference-graph.ts';
import { operandKind, type SignedGraph } from '../../../src/operators/signature.ts';

/** Numbers nested by their axes. */
export type Nested = number | readonly Nested[];
export const getShape = (value: Nested): number[] =>
  typeof value === 'number' ? [] : [value.length, ...(value.length > 0 ? getShape(value[0]!) : [])];
export const flatten = (value: Nested): number[] =>
  typeof value === 'number' ? [value] : value.flatMap(flatten);

/** Evaluates a graph in float64, for inputs in the signature's order. */
export function evaluateGraph(
  { signature, operators, constants }: SignedGraph,
  inputs: readonly Nested[],
): { readonly shape: readonly number[]; readonly values: readonly number[] }[] {
  const context = {
    floats: Float64Array,
    usage: { elements: 0, work: 0 },
    product: () => null,
    sweeps: referenceSweeps,
  };
  const given = signature.inputs.map(({ datatype }, i) => {
    const operand = createOperand(context, operandKind(datatype), getShape(inputs[i]!));
    operand.values.set(flatten(inputs[i]!));
    return operand;
  });
  const scope = new Map<string, Operand>(
    [...constants].map(([name, one]) => [name, { ...one, values: Float64Array.from(one.values) }]),
  );
  const body = {
    inputs: signature.inputs.map(({ value }) => value),
    operators,
    outputs: signature.outputs.map(({ value }) => value),
  };
  const { outputs, run } = prepareBody(body, given, (name) => scope.get(name), context);
  run();
  return outputs.map(({ shape, values }) => ({ shape, values: [...values] }));
}
