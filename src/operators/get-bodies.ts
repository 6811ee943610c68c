import type { BodySpec, OperatorSpec } from './spec.ts';

/** The bodies that a control operator has; empty for any other. */
export const getBodies = ({ bodies = {} }: OperatorSpec): BodySpec[] =>
  Object.values(bodies).filter((body) => body !== undefined);
