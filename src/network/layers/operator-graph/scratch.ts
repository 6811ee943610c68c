import type { OperatorSpec } from '../../../operators/spec.ts';

// Shared by compiling and running an operator graph. A file of its own, so that a worker does not load the
// compiler.

/** Rows of a product, and of a sweep's input projections, that are in the scratch at a time. */
export const productRows = 64;
export const sweepRows = 96;
/** Numbers that are computed element by element at a time. */
export const elementwiseFloats = 8192;

/** The key of an operator: the names of values are unique. */
export const operatorKey = ({ outputs }: OperatorSpec): string => outputs.find((name) => name !== '') ?? '';
