import { sizeOf } from './operand.ts';
import type { OperatorGraph } from './spec.ts';

/** Columns of a step that a program reads; what it remembers of the steps before comes with them, and is not counted. */
export const programWidth = ({ input }: OperatorGraph): number =>
  sizeOf(input.shape.filter((size) => size !== -1)) - input.context;
