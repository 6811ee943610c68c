import type { BodySpec, OperatorSpec } from './spec.ts';

/** The bodies that a control operator has; empty for any other. */
export const getBodies = ({ bodies = {} }: OperatorSpec): BodySpec[] =>
  Object.values(bodies).filter((body) => body !== undefined);

/** The values that an operator and its bodies read. */
export const listReads = (operator: OperatorSpec): string[] => [
  ...operator.inputs,
  ...getBodies(operator).flatMap(({ operators, outputs }) => [...outputs, ...operators.flatMap(listReads)]),
];
