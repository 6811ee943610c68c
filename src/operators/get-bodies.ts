import type { BodySpec, OperatorSpec } from './spec.ts';

/** An operator's bodies, those it has. */
export const getBodies = ({ bodies = {} }: OperatorSpec): BodySpec[] =>
  Object.values(bodies).filter((body) => body !== undefined);
