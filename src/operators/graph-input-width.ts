import { elementCount } from './operand.ts';
import type { OperatorGraph } from './spec.ts';

/** Columns of a step that a program reads; what it remembers of the steps before comes with them, and is not counted. */
export const graphInputWidth = ({ input }: OperatorGraph): number =>
  elementCount(input.shape.filter((size) => size !== -1)) - input.context;
