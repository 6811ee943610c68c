import type { OperatorSpec } from '../../../operators/spec.ts';

// What compiling and running a program layer agree on. Apart from both, so that a worker need not load what compiles.

/** Rows of a product, and of a sweep's input projections, that are in the scratch at a time. */
export const productRows = 64;
export const sweepRows = 96;

/** The key of an operator: the names of values are unique. */
export const keyOf = ({ outputs }: OperatorSpec): string => outputs.find((name) => name !== '') ?? '';
