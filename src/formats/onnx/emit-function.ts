import type { OperatorSpec } from '../../operators/spec.ts';
import { toAttributes } from './attributes.ts';
import { node, type Expansion } from './function-body.ts';

/** What operators are added to: the graph that a reader of another format builds. */
interface Emitter {
  add(operator: string, inputs: readonly string[], attributes?: OperatorSpec['attributes']): string;
}

/**
 * Emits what an operator of ONNX stands for, of whose constants all are integers.
 * @param attributes of the operator
 * @param integers adds a vector of integers to the graph, and returns its name
 * @returns its output
 * @throws UnrollError invalid_model where an attribute is not supported
 */
export function emitExpansion(
  expand: Expansion,
  read: readonly string[],
  attributes: Parameters<typeof node>[2],
  graph: Emitter,
  integers: (values: readonly number[]) => string,
): string {
  const { inputs, nodes, outputs } = expand({ ...node('', '', attributes), inputs: read }, 22)!;
  const names = new Map(inputs.map((name, place) => [name, read[place] ?? '']));
  for (const one of nodes) {
    const constant = one.attributes.get('value_ints')?.ints;
    const given = one.inputs.map((name) => names.get(name)!);
    names.set(one.outputs[0]!, constant ? integers(constant) : graph.add(one.op, given, toAttributes(one)));
  }
  return names.get(outputs[0]!)!;
}
