import type { BodySpec, OperatorSpec } from './spec.ts';

/** The bodies that a control operator has; empty for any other. */
export const getBodies = ({ bodies = {} }: OperatorSpec): BodySpec[] =>
  Object.values(bodies).filter((body) => body !== undefined);

/** The values that an operator and its bodies read. */
export const listReads = (operator: OperatorSpec): string[] => [
  ...operator.inputs,
  ...getBodies(operator).flatMap(({ operators, outputs }) => [...outputs, ...operators.flatMap(listReads)]),
];

/** Returns the operators that some values depend on, in order. */
export function keepNeeded(operators: readonly OperatorSpec[], values: Iterable<string>): OperatorSpec[] {
  const needed = new Set(values);
  const kept: OperatorSpec[] = [];
  for (const operator of operators.toReversed()) {
    if (!operator.outputs.some((name) => name !== '' && needed.has(name))) continue;
    kept.push(operator);
    for (const name of listReads(operator)) needed.add(name);
  }
  return kept.reverse();
}
